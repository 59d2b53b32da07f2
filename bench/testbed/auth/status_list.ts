/**
 * The status list of the authority's access tokens (Token Status List, draft-ietf-oauth-status-list-21): each token names
 * its place in the list (§6.2), and the list, signed, holds a bit for each place: 0 valid, 1 revoked (§4.1, §5.1, §7.1).
 * Who asks tells nobody which token it is about, so that the list is open to all (§8.1). Places are given in the order of
 * issue: the testbed has nobody to hide from.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { deflateSync } from 'node:zlib';
import { SignJWT } from 'jose';
import { type SigningKey, signingAlg } from './keys.ts';

export const statusListPath = '/statuslists/1';
const statusListType = 'statuslist+jwt';

/** A list that nothing has changed is signed once in this time; whoever holds one may believe it this long. */
const signedAnew_ms = 60_000;
const lifetime_s = 300;
/** Room for 8,192 tokens; it doubles when it is full. What is unused is zeros, which compress to nothing. */
const firstRoom_bytes = 1_024;

/** The claim `status` of a token (§6.1, §6.2). */
export interface StatusClaim {
  status_list: { idx: number; uri: string };
}

interface Signed {
  at_ms: number;
  token: Promise<string>;
}

export class StatusList {
  readonly uri: string;
  readonly #key: SigningKey;
  readonly #now_ms: () => number;
  #bits = Buffer.alloc(firstRoom_bytes);
  #places = 0;
  #signed: Signed | undefined;

  constructor(issuer: string, key: SigningKey, now_ms: () => number) {
    this.uri = issuer + statusListPath;
    this.#key = key;
    this.#now_ms = now_ms;
  }

  /** The next free place; its token is valid. */
  place(): number {
    if (this.#places === this.#bits.length * 8) {
      this.#bits = Buffer.concat([this.#bits, Buffer.alloc(this.#bits.length)]);
      this.#signed = undefined;
    }
    return this.#places++;
  }

  claim(idx: number): StatusClaim {
    return { status_list: { idx, uri: this.uri } };
  }

  /** Within a byte the first place is the least significant bit (§4.1). */
  revoke(places: readonly number[]): void {
    for (const idx of places) this.#bits[idx >> 3]! |= 1 << (idx & 7);
    this.#signed = undefined;
  }

  /** The Status List Token (§5.1) as the list is now. */
  token(): Promise<string> {
    const now_ms = this.#now_ms();
    if (!this.#signed || now_ms - this.#signed.at_ms >= signedAnew_ms) {
      this.#signed = { at_ms: now_ms, token: this.#sign(now_ms) };
    }
    return this.#signed.token;
  }

  #sign(now_ms: number): Promise<string> {
    const iat = Math.floor(now_ms / 1_000);
    const lst = deflateSync(this.#bits, { level: 9 }).toString('base64url');
    return new SignJWT({ status_list: { bits: 1, lst } })
      .setProtectedHeader({ alg: signingAlg, typ: statusListType, kid: this.#key.privateJwk.kid })
      .setSubject(this.uri)
      .setIssuedAt(iat)
      .setExpirationTime(iat + lifetime_s)
      .sign(this.#key.privateKey);
  }
}

/** `GET` of the list (§8.1, §8.2). It is not to be kept on the way: what it says may be over in the next moment. */
export async function answerStatusList(list: StatusList, req: IncomingMessage, res: ServerResponse): Promise<void> {
  if (req.method !== 'GET') return void res.writeHead(405, { allow: 'GET' }).end();
  const token = await list.token();
  res.writeHead(200, { 'content-type': `application/${statusListType}`, 'cache-control': 'no-store' }).end(token);
}
