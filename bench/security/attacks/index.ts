/** Every attack, in the order of the report's matrix. */
import type { Attack } from '../attack.ts';
import { gatewayAttacks } from './gateway/index.ts';
import { nativeAttacks } from './native/index.ts';
import { refreshTokenReuse } from './refresh-token-reuse.ts';
import { revokedToken } from './revoked-token.ts';
import { stolenAccessToken } from './stolen-access-token.ts';
import { wrongAudience } from './wrong-audience.ts';

export const attacks: readonly Attack[] = [
  stolenAccessToken,
  refreshTokenReuse,
  revokedToken,
  wrongAudience,
  ...nativeAttacks,
  ...gatewayAttacks,
];
