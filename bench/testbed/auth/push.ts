/**
 * Revocations are pushed to the verifiers: they check tokens offline, and the provider's introspection knows no JWTs,
 * so nothing else would tell them.
 */
import { WeighbridgeError } from '#contract/errors.ts';

const pushTimeout_ms = 5_000;

/**
 * POSTs `{jti: [...]}` to every verifier; resolves when each has acknowledged with 204.
 * @throws TIER_DEAD naming the first verifier that did not
 */
export async function pushRevocations(urls: readonly string[], secret: string, jti: readonly string[]): Promise<void> {
  const body = JSON.stringify({ jti });
  await Promise.all(urls.map((url) => push(url, secret, body)));
}

async function push(url: string, secret: string, body: string): Promise<void> {
  const refused = (why: string, cause?: unknown) =>
    new WeighbridgeError('TIER_DEAD', `a verifier did not acknowledge a revocation: ${why}`, {
      where: url,
      mend: 'see that the verifier runs and was configured with the same push secret',
      cause,
    });
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(pushTimeout_ms),
  }).catch((error: unknown) => {
    throw refused(error instanceof Error && error.name === 'TimeoutError' ? 'no answer in time' : 'unreachable', error);
  });
  await response.body?.cancel();
  if (response.status !== 204) throw refused(`answered ${response.status}`);
}
