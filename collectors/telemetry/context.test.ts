import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTraceparent, parseTraceContext } from './context.ts';

const traceId = '12345678901234567890123456789012';
const spanId = '1234567890123456';
const good = `00-${traceId}-${spanId}-01`;

test('a version 00 traceparent is read, and a child is sent with its own id and the same trace and flags', () => {
  const context = parseTraceContext(good, undefined);
  assert.deepEqual(context, { traceId, spanId, flags: 1, tracestate: '' });
  assert.equal(formatTraceparent({ ...context!, spanId: 'aaaaaaaaaaaaaaaa' }), `00-${traceId}-aaaaaaaaaaaaaaaa-01`);
});

// The cases of the W3C's own conformance suite (w3c/trace-context, test/test.py, strict level 2).
const badTraceparents: Record<string, string | undefined> = {
  missing: undefined,
  empty: '',
  'two headers joined': `${good}, ${good}`,
  'something after the flags in version 00': `${good}.`,
  'another field in version 00': `${good}-what-the-future-will-be-like`,
  'a later version with no dash after the flags': `cc-${traceId}-${spanId}-01.what-the-future-will-be-like`,
  'a later version, cut short': `cc-${traceId}-${spanId}-0`,
  'version ff': `ff-${traceId}-${spanId}-01`,
  'version .0': `.0-${traceId}-${spanId}-01`,
  'version 0.': `0.-${traceId}-${spanId}-01`,
  'version of three digits': `000-${traceId}-${spanId}-01`,
  'version of one digit': `0-${traceId}-${spanId}-01`,
  'upper-case version': `CC-${traceId}-${spanId}-01`,
  'trace id of zeros': `00-${'0'.repeat(32)}-${spanId}-01`,
  'trace id of zeros in a later version': `cc-${'0'.repeat(32)}-${spanId}-01`,
  'trace id with a dot': `00-.${traceId.slice(1)}-${spanId}-01`,
  'trace id too long': `00-${traceId}3-${spanId}-01`,
  'trace id too short': `00-${traceId.slice(1)}-${spanId}-01`,
  'upper-case trace id': `00-${'A'.repeat(32)}-${spanId}-01`,
  'upper-case trace id in a later version': `cc-${'A'.repeat(32)}-${spanId}-01`,
  'parent id of zeros': `00-${traceId}-${'0'.repeat(16)}-01`,
  'parent id with a dot': `00-${traceId}-${spanId.slice(1)}.-01`,
  'parent id too long': `00-${traceId}-${spanId}7-01`,
  'parent id too short': `00-${traceId}-${spanId.slice(1)}-01`,
  'upper-case parent id': `00-${traceId}-${'B'.repeat(16)}-01`,
  'flags with a dot': `00-${traceId}-${spanId}-.0`,
  'flags too long': `00-${traceId}-${spanId}-001`,
  'flags too short': `00-${traceId}-${spanId}-1`,
  'upper-case flags': `00-${traceId}-${spanId}-0B`,
};
for (const [what, traceparent] of Object.entries(badTraceparents)) {
  test(`no context from a bad traceparent, however good the tracestate: ${what}`, () => {
    assert.equal(parseTraceContext(traceparent, 'foo=1'), undefined);
  });
}

test('a later version is read as far as it is known: of its flags the sampled bit alone', () => {
  for (const rest of ['', '-what-the-future-will-be-like', '-']) {
    const context = parseTraceContext(`cc-${traceId}-${spanId}-ff${rest}`, 'foo=1');
    assert.deepEqual(context, { traceId, spanId, flags: 1, tracestate: 'foo=1' });
    assert.equal(formatTraceparent(context!), `00-${traceId}-${spanId}-01`);
  }
});

test('the random flag goes on, unknown flags do not', () => {
  for (const [flags, sent] of [
    ['00', '00'],
    ['02', '02'],
    ['03', '03'],
    ['04', '00'],
    ['ff', '03'],
  ]) {
    const context = parseTraceContext(`00-${traceId}-${spanId}-${flags}`, undefined);
    assert.equal(formatTraceparent(context!), `00-${traceId}-${spanId}-${sent}`);
  }
});

const members = (n: number) => Array.from({ length: n }, (_, i) => `bar${i}=${i}`).join(',');
const keyCharacters = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/';
const valueCharacters = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i))
  .filter((c) => c !== ',' && c !== '=')
  .join('');

const goodTracestates: Record<string, [string, string]> = {
  'two members': ['foo=1,bar=2', 'foo=1,bar=2'],
  'headers combined, order kept': ['foo=1,bar=2, rojo=1,congo=2, baz=3', 'foo=1,bar=2,rojo=1,congo=2,baz=3'],
  'white space around members': ['\t foo=1 \t , \t bar=2, \t baz=3\t', 'foo=1,bar=2,baz=3'],
  'empty members': ['foo=1,,bar=2, ', 'foo=1,bar=2'],
  'an empty header and a full one': [', foo=1', 'foo=1'],
  'nothing but empty members': [' , ', ''],
  '32 members': [members(32), members(32)],
  'all characters of a key': [`${keyCharacters}=1`, `${keyCharacters}=1`],
  'all characters of a tenant key': [`${keyCharacters}@a-z0-9_-*/=1`, `${keyCharacters}@a-z0-9_-*/=1`],
  'a key that starts with a digit (Level 2)': ['1a=1', '1a=1'],
  'all characters of a value': [`foo=${valueCharacters}`, `foo=${valueCharacters}`],
  'a value with a space before it': ['foo= 1', 'foo= 1'],
  'a key of 256 characters': [`foo=1,${'z'.repeat(256)}=1`, `foo=1,${'z'.repeat(256)}=1`],
  'tenant of 241, system of 14': [`${'t'.repeat(241)}@${'v'.repeat(14)}=1`, `${'t'.repeat(241)}@${'v'.repeat(14)}=1`],
  'a value of 256 characters': [`foo=${'1'.repeat(256)}`, `foo=${'1'.repeat(256)}`],
};
for (const [what, [header, sent]] of Object.entries(goodTracestates)) {
  test(`tracestate goes on: ${what}`, () => {
    assert.equal(parseTraceContext(good, header)?.tracestate, sent);
  });
}

const badTracestates: Record<string, string> = {
  '33 members': members(33),
  'a key twice': 'foo=1,foo=1',
  'a key twice with other values': 'foo=1, foo=2',
  'a space in a key': 'foo =1,bar=2',
  'an upper-case key': 'FOO=1,bar=2',
  'a dot in a key': 'foo.bar=1,bar=2',
  'no system': 'foo@=1,bar=2',
  'no tenant': '@foo=1,bar=2',
  'two @ in a row': 'foo@@bar=1,bar=2',
  'two @': 'foo@bar@baz=1,bar=2',
  'a system that starts with a digit': 'foo@1bar=1',
  'a key that starts with an underscore': '_foo=1',
  'a key of 257 characters': `foo=1,${'z'.repeat(257)}=1`,
  'a tenant of 242 characters': `foo=1,${'t'.repeat(242)}@v=1`,
  'a system of 15 characters': `foo=1,t@${'v'.repeat(15)}=1`,
  'an equals sign in a value': 'foo=bar=baz',
  'an empty value': 'foo=,bar=3',
  'a value of 257 characters': `foo=${'1'.repeat(257)}`,
  'a value that is not ASCII': 'foo=é',
  'a tab in a value': 'foo=a\tb',
  'no key': '=1',
  'no equals sign': 'foo',
};
for (const [what, header] of Object.entries(badTracestates)) {
  test(`tracestate is dropped whole, and traceparent stays good: ${what}`, () => {
    assert.deepEqual(parseTraceContext(good, header), { traceId, spanId, flags: 1, tracestate: '' });
  });
}
