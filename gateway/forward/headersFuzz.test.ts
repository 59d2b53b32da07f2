/** Header sections by chance, 100,000 in all: what goes on is what a plain reading of the norms says, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { approvalHeader, callHeader, oneTimeCodeHeader, taskHeader } from '#contract/tools.ts';
import { oneTimeCodeOf, presentedToken, taskOf } from '../adapters/http.ts';
import { hopHeaders, isHost, RequestHeaders, responseHeaders } from './headers.ts';

/** fast-check prints seed and path of what fails. */
const runs = (numRuns: number) => ({ numRuns, seed: 28 });

/** Read by the gateway, or replaced by it, or of one hop alone; RFC 9110 §7.6.1, RFC 7239, norms 25 and 28. */
const endsHere = new Set([
  ...['host', 'authorization', 'dpop', 'connection', 'content-length', 'transfer-encoding', 'upgrade', 'via'],
  ...['keep-alive', 'proxy-connection', 'proxy-authorization', 'proxy-authenticate', 'http2-settings', 'te', 'trailer'],
  ...['expect', 'forwarded', 'x-real-ip', 'traceparent', 'tracestate', oneTimeCodeHeader, approvalHeader],
]);
const goesOn = (name: string): boolean => !endsHere.has(name) && !name.startsWith('x-forwarded-');

const others = ['accept', 'content-type', 'x-a', 'x-b', callHeader, taskHeader, 'x-forwarded-for', 'x-forwarded-by-me'];
const known = fc.constantFrom(...endsHere, ...others);
/** RFC 9110 §5.6.2; what a parser lets through as a name. */
const strange = fc.string({ unit: fc.constantFrom(..."abXY09!#$%&'*+.^_`|~-"), minLength: 1, maxLength: 8 });
const inAnyCase = fc
  .tuple(fc.oneof({ weight: 4, arbitrary: known }, strange), fc.nat())
  .map(([name, bits]) => [...name].map((c, i) => ((bits >> (i % 30)) & 1 ? c.toUpperCase() : c)).join(''));
const option = fc.oneof(inAnyCase, fc.constantFrom('close', 'keep-alive', '', ' ', 'via', 'tracestate'));
const value = fc.oneof(
  fc.array(option, { maxLength: 4 }).map((options) => options.join(', ')),
  fc.string({ unit: fc.constantFrom(...'aB9 ,;="\\\t/:[]%.ÿ'), maxLength: 12 }),
  fc.constantFrom('Bearer abc', 'bearer  abc==', 'DPoP x.y.z', 'Basic abc', 'Bearer a b', 'Bearer', '123456', '12345a'),
);
const field = fc.tuple(inAnyCase, value);
const connection = fc.tuple(fc.constantFrom('Connection', 'connection', 'CONNECTION'), value);
const section = fc.array(fc.oneof({ weight: 5, arbitrary: field }, connection), { maxLength: 10 });

const namedIn = (fields: readonly [string, string][]): Set<string> =>
  new Set(
    fields
      .filter(([name]) => name.toLowerCase() === 'connection')
      .flatMap(([, given]) => given.split(','))
      .map((one) => one.trim().toLowerCase()),
  );

test('norm 28: fields of one hop, those that Connection names, and those that are replaced go no further', () => {
  fc.assert(
    fc.property(section, (fields) => {
      const headers = new RequestHeaders(fields.flat());
      const named = namedIn(fields);
      const expected = fields.filter(([name]) => goesOn(name.toLowerCase()) && !named.has(name.toLowerCase()));
      assert.deepEqual(headers.forwarded, expected.flat());
      const count = (wanted: string): number => fields.filter(([name]) => name.toLowerCase() === wanted).length;
      assert.equal(headers.hosts, count('host'));
      assert.equal(headers.authorizations, count('authorization'));
      assert.equal(headers.upgrade, count('upgrade') > 0);
    }),
    runs(40_000),
  );
});

test('norm 21: a token is read from one well-formed Authorization field, or there is none', () => {
  const target = { target: '/', path: '/', query: '' };
  fc.assert(
    fc.property(section, (fields) => {
      const headers = new RequestHeaders(fields.flat());
      const presented = presentedToken(headers, target, 'GET');
      const given = fields.filter(([name]) => name.toLowerCase() === 'authorization').map(([, text]) => text);
      if (given.length > 1) assert.equal(presented.kind, 'refused');
      if (presented.kind === 'bearer' || presented.kind === 'dpop') {
        const scheme = presented.kind === 'bearer' ? 'bearer' : 'dpop';
        assert.equal(given.length, 1);
        assert.equal(given[0]!.replace(/^(bearer|dpop) +/i, ''), presented.token);
        assert.ok(given[0]!.toLowerCase().startsWith(`${scheme} `) && !/[\s,]/.test(presented.token));
      }
      // Of several codes, or task names that could not stand in a report, none counts.
      const codes = fields.filter(([name]) => name.toLowerCase() === oneTimeCodeHeader);
      if (oneTimeCodeOf(headers.oneTimeCode) !== undefined) assert.equal(codes.length, 1);
      assert.match(taskOf(headers.task), /^[A-Za-z0-9._:/-]{0,64}$/);
    }),
    runs(40_000),
  );
});

test('what is taken for a Host forges nothing in Forwarded', () => {
  const host = fc.string({ unit: fc.constantFrom(...'aZ0.-_~:[]",;= \\/@ü'), maxLength: 10 });
  fc.assert(
    fc.property(host, fc.constantFrom('http', 'https'), (text, proto) => {
      if (!isHost(text)) return;
      const [, forwarded] = hopHeaders('10.0.0.1', text, proto);
      assert.deepEqual(/^for=10\.0\.0\.1;host="([^"\\;,\s]+)";proto=(.*)$/.exec(forwarded!)?.slice(1), [text, proto]);
    }),
    runs(10_000),
  );
});

test('answers lose the fields of their hop, and none but these', () => {
  const other = fc.constantFrom('x-a', 'x-b', 'set-cookie', 'via', 'etag');
  const name = fc.oneof(other, fc.constantFrom('connection', 'keep-alive', 'te', 'upgrade', 'dpop-nonce'));
  const fields = fc.dictionary(name, fc.oneof(value, fc.array(value, { maxLength: 3 })), { maxKeys: 6 });
  const hop = new Set(['connection', 'keep-alive', 'te', 'upgrade']);
  fc.assert(
    fc.property(fields, fc.boolean(), (given, tokensEndHere) => {
      const named = namedIn([['connection', String(given.connection ?? '')]]);
      const expected = Object.entries(given)
        .filter(([one]) => !hop.has(one) && !named.has(one) && !(tokensEndHere && one === 'dpop-nonce'))
        .flatMap(([one, values]) => [values].flat().flatMap((single) => [one, single]));
      assert.deepEqual(responseHeaders(given, tokensEndHere), expected);
    }),
    runs(10_000),
  );
});
