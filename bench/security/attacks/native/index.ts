/** The attacks on what an agent keeps, loads, dials and writes by itself. */
import type { Attack } from '../../attack.ts';
import { agentLogTampered } from './agent-log-tampered.ts';
import { alteredPlugin } from './altered-plugin.ts';
import { codeByOtherListener } from './code-by-other-listener.ts';
import { codeInjected } from './code-injected.ts';
import { codeWithoutVerifier } from './code-without-verifier.ts';
import { copiedStateFile } from './copied-state-file.ts';
import { exfiltrationByOwnCode } from './exfiltration-by-own-code.ts';
import { exfiltrationPrivateAddress } from './exfiltration-private-address.ts';
import { exfiltrationRebinding } from './exfiltration-rebinding.ts';
import { exfiltrationRedirect } from './exfiltration-redirect.ts';
import { exfiltrationUndeclaredHost } from './exfiltration-undeclared-host.ts';
import { expiredToken } from './expired-token.ts';
import { grantedBeyondManifests } from './granted-beyond-manifests.ts';
import { refreshBroadened } from './refresh-broadened.ts';
import { refreshStorm } from './refresh-storm.ts';
import { refreshWithoutRecord } from './refresh-without-record.ts';
import { scopeRace } from './scope-race.ts';
import { secretsAsCanaries } from './secrets-as-canaries.ts';
import { tenantBleed } from './tenant-bleed.ts';
import { undeclaredOperation } from './undeclared-operation.ts';
import { unsignedPlugin } from './unsigned-plugin.ts';

export const nativeAttacks: readonly Attack[] = [
  scopeRace,
  tenantBleed,
  refreshBroadened,
  grantedBeyondManifests,
  refreshStorm,
  expiredToken,
  copiedStateFile,
  codeWithoutVerifier,
  codeByOtherListener,
  codeInjected,
  undeclaredOperation,
  unsignedPlugin,
  alteredPlugin,
  exfiltrationUndeclaredHost,
  exfiltrationPrivateAddress,
  exfiltrationRedirect,
  exfiltrationRebinding,
  exfiltrationByOwnCode,
  refreshWithoutRecord,
  agentLogTampered,
  secretsAsCanaries,
];
