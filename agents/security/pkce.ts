/** PKCE (RFC 7636): S256 or nothing; `plain` is never sent. */
import { type AuthorizationServer, calculatePKCECodeChallenge, generateRandomCodeVerifier } from 'oauth4webapi';
import { WeighbridgeError } from '#contract/errors.ts';

export interface Pkce {
  /** 43 characters from 256 random bits, fresh at each authorization (norm 2). */
  verifier: string;
  challenge: string;
}

/**
 * The proof key of one authorization. A server that does not announce S256 would ignore the challenge, and a stolen code
 * would serve (RFC 9700 §2.1.1): where PKCE is required there is no login with it (norm 1); otherwise there is one without.
 * @throws WeighbridgeError CONFIG
 */
export async function pkceFor(server: AuthorizationServer, required: boolean): Promise<Pkce | null> {
  if (server.code_challenge_methods_supported?.includes('S256')) {
    const verifier = generateRandomCodeVerifier();
    return { verifier, challenge: await calculatePKCECodeChallenge(verifier) };
  }
  if (!required) return null;
  throw new WeighbridgeError('CONFIG', 'the authorization server does not announce PKCE with S256', {
    where: `${server.issuer}: code_challenge_methods_supported`,
    mend: 'turn PKCE on at the server; or, at your own risk, set security.oauth.pkce_required to false',
  });
}
