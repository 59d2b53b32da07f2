import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { startTestbed, type Testbed, testRedirectUri } from '../../bench/testbed/testing.ts';
import { agentHere } from '../testing/agents.ts';
import { type Rogue, rogueAuthority } from '../testing/rogue-authority.ts';
import { deadUrl } from '../testing/servers.ts';
import { OAuthClient } from './client.ts';

const options = {
  client_id: 'agent',
  redirect_uri: testRedirectUri,
  resource: 'urn:weighbridge:tools',
  timeout_ms: 2_000,
  pkce_required: true,
};

async function loginAt(issuer: string, change: Partial<typeof options> = {}): Promise<unknown> {
  const client = new OAuthClient({ issuer, ...options, ...change });
  try {
    return await client.login(['read:mail']);
  } finally {
    await client.close();
  }
}

async function refused(rogue: Rogue, expected: RegExp): Promise<void> {
  await using authority = await rogueAuthority(rogue);
  await assert.rejects(loginAt(authority.url), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'CONFIG');
    assert.match(error.message, expected);
    return true;
  });
  assert.equal(authority.tokenRequests.length, 0, 'no code was redeemed');
}

describe('norm 1: PKCE with S256 or no login', () => {
  test('each authorization request carries a challenge of its own, and the code its verifier', async () => {
    await using authority = await rogueAuthority();
    for (let login = 0; login < 2; login++) await loginAt(authority.url);
    const challenges = authority.authorizations.map((asked) => {
      assert.equal(asked.get('code_challenge_method'), 'S256');
      return asked.get('code_challenge');
    });
    assert.deepEqual(
      challenges,
      authority.tokenRequests.map((form) =>
        createHash('sha256').update(form.get('code_verifier')!).digest('base64url'),
      ),
    );
    assert.equal(new Set(challenges).size, 2);
  });

  test('a server that does not announce it gets no authorization request', async () => {
    await using authority = await rogueAuthority({ withoutPkce: true });
    await assert.rejects(loginAt(authority.url), /does not announce PKCE with S256/);
    assert.equal(authority.authorizations.length, 0);
  });

  test('security.oauth.pkce_required off: the login goes on without, and sends no challenge', async () => {
    await using authority = await rogueAuthority({ withoutPkce: true });
    await loginAt(authority.url, { pkce_required: false });
    assert.equal(authority.authorizations[0]!.has('code_challenge'), false);
    assert.equal(authority.tokenRequests[0]!.has('code_verifier'), false);
  });

  test('not required but announced: it is used all the same', async () => {
    await using authority = await rogueAuthority();
    await loginAt(authority.url, { pkce_required: false });
    assert.equal(authority.authorizations[0]!.get('code_challenge_method'), 'S256');
  });
});

test('norm 2: the verifier is fresh for each login, 43 to 128 characters', async () => {
  await using authority = await rogueAuthority();
  await loginAt(authority.url);
  await loginAt(authority.url);
  const verifiers = authority.tokenRequests.map((form) => form.get('code_verifier')!);
  for (const verifier of verifiers) assert.match(verifier, /^[A-Za-z0-9\-._~]{43,128}$/);
  assert.notEqual(verifiers[0], verifiers[1]);
});

describe('norm 3: state, iss and redirect', () => {
  test('a foreign state', () => refused({ state: 'forged' }, /unexpected "state"/));
  test('a foreign issuer', () => refused({ iss: 'http://127.0.0.1:2' }, /unexpected "iss"/));
  for (const [name, redirectTo] of Object.entries({
    'another host': () => 'http://127.0.0.2:9/callback',
    'a longer path': (uri: string) => `${uri}/more`,
    'a suffix': (uri: string) => `${uri}x`,
    'another spelling': (uri: string) => uri.replace('callback', 'c%61llback'),
  })) {
    test(`a redirect to ${name}`, () => refused({ redirectTo }, /not the redirect URI/));
  }
});

test('each authorization request carries state, resource and the scopes with offline_access', async () => {
  await using authority = await rogueAuthority();
  await loginAt(authority.url);
  const [asked] = authority.authorizations;
  assert.equal(asked!.get('scope'), 'read:mail offline_access');
  assert.equal(asked!.get('resource'), options.resource);
  assert.ok(asked!.get('state')!.length >= 43);
  assert.equal(authority.tokenRequests[0]!.get('resource'), options.resource);
});

test('an authority that is not there is named', async () => {
  await assert.rejects(loginAt(await deadUrl()), /the login failed: .*ECONNREFUSED/);
});

test('plain HTTP is for this machine alone', async () => {
  await assert.rejects(loginAt('http://authority.example'), /only requests to HTTPS are allowed/i);
});

describe('at the real authority', () => {
  let bed: Testbed;
  before(async () => {
    bed = await startTestbed();
  });
  after(() => bed.stop());

  for (const controls of ['off', 'on', 'regressed'] as const) {
    test(`an agent with controls ${controls} logs in`, async () => {
      const agent = await agentHere(bed, controls);
      await agent.close();
    });
  }

  test('a redirect URI that is not registered ends the login', async () => {
    await assert.rejects(
      loginAt(bed.auth.issuer, { redirect_uri: 'http://127.0.0.1:9/other' }),
      /the login stops with status 400/,
    );
  });

  test('a client that is not known ends the login', async () => {
    await assert.rejects(loginAt(bed.auth.issuer, { client_id: 'nobody' }), /the login stops with status 400/);
  });
});
