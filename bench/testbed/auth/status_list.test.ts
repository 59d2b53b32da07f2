import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { decodeJwt } from 'jose';
import { createSigningKey, type SigningKey } from './keys.ts';
import { StatusList } from './status_list.ts';

let key: SigningKey;
before(async () => {
  key = await createSigningKey();
});

const bytesIn = (token: string): Buffer =>
  inflateSync(Buffer.from(decodeJwt<{ status_list: { lst: string } }>(token).status_list.lst, 'base64url'));

describe('the status list', () => {
  test('packs statuses as the specification’s example of one bit each (§4.1): B9 A3', async () => {
    const list = new StatusList('http://as.test', key, () => 0);
    const statuses = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1];
    const places = statuses.map(() => list.place());
    list.revoke(places.filter((idx) => statuses[idx] === 1));
    assert.deepEqual([...bytesIn(await list.token()).subarray(0, 3)], [0xb9, 0xa3, 0]);
  });

  test('has room for every place that it gave, however many', async () => {
    const list = new StatusList('http://as.test', key, () => 0);
    await list.token();
    let last = 0;
    for (let n = 0; n < 20_000; n++) last = list.place();
    assert.equal(last, 19_999);
    assert.ok(bytesIn(await list.token()).length * 8 > last);
    list.revoke([last]);
    assert.equal(bytesIn(await list.token())[last >> 3], 1 << (last & 7));
  });

  test('is signed anew when something was revoked, and before it is over; not for each who asks', async () => {
    const clock = { now_ms: 1_000_000 };
    const list = new StatusList('http://as.test', key, () => clock.now_ms);
    const idx = list.place();
    const first = await list.token();
    assert.equal(await list.token(), first);
    list.revoke([idx]);
    const revoked = await list.token();
    assert.notEqual(revoked, first);
    const { exp } = decodeJwt(revoked);
    clock.now_ms = exp! * 1_000 - 1;
    assert.ok(decodeJwt(await list.token()).exp! > exp!);
  });
});
