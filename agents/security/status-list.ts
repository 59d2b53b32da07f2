/**
 * Token status lists as an agent reads them (Token Status List, draft-ietf-oauth-status-list-21): a token names a list and
 * its place in it (§6.2); the list, signed by the authority, holds a status for each place, 0 where the token is valid
 * (§7.1). All tokens of a list are asked for at once, and the authority does not learn which one is meant.
 */
import { inflateSync } from 'node:zlib';
import { type JWTVerifyGetKey, jwtVerify } from 'jose';

export const statusListType = 'statuslist+jwt';

/** Where a token's status stands. */
export interface StatusPlace {
  readonly uri: string;
  readonly idx: number;
}

/** Asymmetric only, since the keys come from a public place. */
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];
/** Inflated: 64 million tokens. A small answer that grows beyond is an attack on who reads it. */
const largestList_bytes = 8_388_608;
const possibleBits: readonly unknown[] = [1, 2, 4, 8];

/** The place that a token's claim `status` names (§6.2); null where it names none. */
export function statusPlace(status: unknown): StatusPlace | null {
  const { idx, uri } = fieldsOf(fieldsOf(status).status_list);
  if (typeof uri !== 'string' || !URL.canParse(uri)) return null;
  return typeof idx === 'number' && Number.isSafeInteger(idx) && idx >= 0 ? { uri, idx } : null;
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

export class StatusList {
  readonly #bytes: Uint8Array;
  readonly #bits: number;

  /** From the claim `status_list` (§4.2). @throws where it is none */
  constructor(claim: unknown) {
    const { bits, lst } = fieldsOf(claim);
    if (!possibleBits.includes(bits) || typeof lst !== 'string') throw new Error('it is no status list');
    this.#bits = bits as number;
    this.#bytes = inflateSync(Buffer.from(lst, 'base64url'), { maxOutputLength: largestList_bytes });
  }

  /**
   * Is the token at this place valid? Suspended is not (§7.1). Within a byte the first place is the least significant
   * (§4.1).
   * @throws where the list has no such place (§8.3)
   */
  isValid(idx: number): boolean {
    const at = idx * this.#bits;
    const byte = this.#bytes[Math.floor(at / 8)];
    if (byte === undefined) throw new Error('the list ends before the token’s place');
    return ((byte >> (at % 8)) & ((1 << this.#bits) - 1)) === 0;
  }
}

/**
 * The list in a Status List Token (§5.1, §8.3): signed by the authority, of this address, and not over.
 * @throws where it is not
 */
export async function readStatusList(token: string, uri: string, keys: JWTVerifyGetKey): Promise<StatusList> {
  const { payload } = await jwtVerify(token, keys, {
    typ: statusListType,
    subject: uri,
    algorithms,
    requiredClaims: ['sub', 'iat', 'status_list'],
  });
  return new StatusList(payload.status_list);
}
