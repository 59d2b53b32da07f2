import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operations } from '#contract/tools.ts';
import { findRoute, idOf } from './routes.ts';

test('every operation of the catalogue is found by its path and method', () => {
  for (const operation of operations) {
    const route = findRoute(operation.path.replace('{id}', 'some-id'));
    assert.equal(route?.byMethod.get(operation.method), operation, operation.name);
    assert.equal(route?.template, operation.path);
  }
});

test('an id is exactly one segment', () => {
  assert.equal(findRoute('/files/a/b'), undefined);
  assert.equal(findRoute('/files'), undefined);
  assert.ok(findRoute('/files/a%2Fb'));
  assert.equal(idOf('/files/a%2Fb%20c'), 'a/b c');
  assert.equal(idOf('/files/%zz'), undefined);
});

test('what is not in the catalogue is no route', () => {
  for (const path of ['/', '', '/calendar', '/calendar/events/', '/calendar/events/x/y', '//files/x', '/Files/x']) {
    assert.equal(findRoute(path), undefined, path);
  }
});
