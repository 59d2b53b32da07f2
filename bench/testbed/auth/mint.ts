/** Tokens for parity probes, signed with the server's own key past all grants: good, or wrong in one way. */
import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { AuthClient } from '#contract/config.ts';
import type { AuthMethods } from '#contract/control.ts';
import type { IssuedTokens } from './issued.ts';
import { type SigningKey, signingAlg } from './keys.ts';
import { accountOf } from './provider.ts';

export interface Mint {
  issuer: string;
  key: SigningKey;
  issued: IssuedTokens;
  now_ms: () => number;
}

const lifetime_s = 3_600;
/** A scope that no operation needs, and an audience that is nobody's. */
const foreignScope = 'none:none';
const foreignAudience = 'urn:weighbridge:nobody';

export async function mintToken(
  { issuer, key, issued, now_ms }: Mint,
  client: AuthClient,
  { resource, kind }: AuthMethods['mint']['params'],
): Promise<{ token: string }> {
  const { client_id } = client;
  const iat = Math.floor(now_ms() / 1000) - (kind === 'expired' ? 2 * lifetime_s : 0);
  const exp = iat + lifetime_s;
  const jti = randomUUID();
  const scope = kind === 'wrong_scope' ? foreignScope : client.scopes.join(' ');
  const status = issued.add(client_id, jti, exp * 1000);
  const token = await new SignJWT({ client_id, scope, status })
    .setProtectedHeader({ alg: signingAlg, typ: 'at+jwt', kid: key.privateJwk.kid })
    .setIssuer(issuer)
    .setAudience(kind === 'wrong_audience' ? foreignAudience : resource)
    .setSubject(client.kind === 'agent' ? accountOf(client_id) : client_id)
    .setJti(jti)
    .setIssuedAt(iat)
    .setExpirationTime(exp)
    .sign(key.privateKey);
  return { token };
}
