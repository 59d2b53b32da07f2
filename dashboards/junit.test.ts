import assert from 'node:assert/strict';
import { test } from 'node:test';
import { junitXml } from './junit.ts';
import { fixture } from './testing/fixture.ts';
import { emptyFixture, hostileFixture, requiredFixture, smokeFixture, troubledFixture } from './testing/variants.ts';
import { readMarkup } from './testing/well-formed.ts';

function suitesOf(xml: string) {
  const { fault, elements } = readMarkup(xml);
  assert.equal(fault, null);
  const number = (name: string | undefined) => Number(name);
  return {
    root: elements[0]!,
    cases: elements.filter((e) => e.name === 'testcase'),
    failures: elements.filter((e) => e.name === 'failure'),
    skipped: elements.filter((e) => e.name === 'skipped'),
    suites: elements
      .filter((e) => e.name === 'testsuite')
      .map((e) => ({
        name: e.attributes.get('name'),
        tests: number(e.attributes.get('tests')),
        failures: number(e.attributes.get('failures')),
        skipped: number(e.attributes.get('skipped')),
      })),
  };
}

test('three suites whose counts hold', () => {
  const { root, suites, cases, failures, skipped } = suitesOf(junitXml(fixture()));
  assert.deepEqual(
    suites.map((s) => [s.name, s.tests]),
    [
      ['gates', 24],
      ['resolution', 2],
      ['verdicts', 6],
    ],
  );
  assert.equal(Number(root.attributes.get('tests')), cases.length);
  assert.deepEqual([failures.length, skipped.length], [0, 0]);
});

test('a voiding gate that fails is a failure; one that informs, and what is open, is skipped', () => {
  const { root, suites, failures } = suitesOf(junitXml(troubledFixture()));
  assert.deepEqual(suites, [
    { name: 'gates', tests: 24, failures: 1, skipped: 1 },
    { name: 'resolution', tests: 2, failures: 0, skipped: 2 },
    { name: 'verdicts', tests: 6, failures: 0, skipped: 1 },
  ]);
  assert.equal(root.attributes.get('failures'), '1');
  assert.match(failures[0]!.attributes.get('message')!, /read 2\.40 ms, limit 1\.00 ms/);
});

test('a gate that could not be read is skipped, and neither passed nor failed', () => {
  const analysis = fixture();
  Object.assign(analysis.gates[1]!, { value: null, limit: null, note: '/proc/stat is not to be had here' });
  const { suites, skipped } = suitesOf(junitXml(analysis));
  assert.deepEqual(suites[0], { name: 'gates', tests: 24, failures: 0, skipped: 1 });
  assert.match(skipped[0]!.attributes.get('message')!, /could not be read: \/proc\/stat is not to be had here/);
});

test('a case for each threshold: one that broke is a failure, one that is open is skipped with its reason', () => {
  const { root, suites, failures, skipped, cases } = suitesOf(junitXml(requiredFixture()));
  assert.deepEqual(suites[3], { name: 'thresholds', tests: 4, failures: 1, skipped: 1 });
  assert.equal(root.attributes.get('failures'), '1');
  assert.equal(failures[0]!.attributes.get('type'), 'threshold');
  assert.match(failures[0]!.attributes.get('message')!, /0\.31 ms beyond it/);
  assert.match(skipped[0]!.attributes.get('message')!, /not estimated/);
  assert.equal(cases.at(-4)!.attributes.get('name'), 'gateway.felt_p95_shift &lt; 1 ms');
});

test('a refuted claim is a finding and no failure; a smoke campaign leaves all claims open', () => {
  assert.equal(suitesOf(junitXml(fixture())).failures.length, 0);
  assert.equal(suitesOf(junitXml(smokeFixture())).suites[2]!.skipped, 6);
});

test('hostile names and an empty campaign stay well-formed', () => {
  assert.equal(suitesOf(junitXml(hostileFixture())).cases.length, 32);
  assert.equal(suitesOf(junitXml(emptyFixture())).cases.length, 0);
});
