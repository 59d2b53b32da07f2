/** `claw.json`: the scopes that the agent asks the user for. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { WeighbridgeError } from '#contract/errors.ts';

const clawFile = new URL('../config/claw.json', import.meta.url);
const clawSchema = z.object({ oauth: z.object({ scopes: z.array(z.string()) }) });

/** @throws WeighbridgeError CONFIG */
export function consentedScopes(): string[] {
  const parsed = clawSchema.safeParse(JSON.parse(readFileSync(clawFile, 'utf8')));
  if (parsed.success) return parsed.data.oauth.scopes;
  throw new WeighbridgeError('CONFIG', 'expected oauth.scopes, a list of scopes', { where: 'agents/config/claw.json' });
}
