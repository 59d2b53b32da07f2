/** The attacks on what an agent keeps, loads, dials and writes by itself. */
import type { Attack } from '../../attack.ts';
import { agentLogTampered } from './agent-log-tampered.ts';
import { alteredPlugin } from './altered-plugin.ts';
import { codeByOtherListener } from './code-by-other-listener.ts';
import { codeWithoutVerifier } from './code-without-verifier.ts';
import { copiedStateFile } from './copied-state-file.ts';
import { exfiltrationPrivateAddress } from './exfiltration-private-address.ts';
import { exfiltrationRebinding } from './exfiltration-rebinding.ts';
import { exfiltrationRedirect } from './exfiltration-redirect.ts';
import { exfiltrationUndeclaredHost } from './exfiltration-undeclared-host.ts';
import { scopeRace } from './scope-race.ts';
import { secretsAsCanaries } from './secrets-as-canaries.ts';
import { tenantBleed } from './tenant-bleed.ts';
import { undeclaredOperation } from './undeclared-operation.ts';
import { unsignedPlugin } from './unsigned-plugin.ts';

export const nativeAttacks: readonly Attack[] = [
  scopeRace,
  tenantBleed,
  copiedStateFile,
  codeWithoutVerifier,
  codeByOtherListener,
  undeclaredOperation,
  unsignedPlugin,
  alteredPlugin,
  exfiltrationUndeclaredHost,
  exfiltrationPrivateAddress,
  exfiltrationRedirect,
  exfiltrationRebinding,
  agentLogTampered,
  secretsAsCanaries,
];
