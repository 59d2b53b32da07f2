/**
 * An attacker's name server on loopback (RFC 1035 over UDP): it answers questions for addresses of one name, a different
 * one each time, and says that nothing may be remembered (TTL 0).
 */
import { createSocket } from 'node:dgram';

const header_bytes = 12;
const typeA = 1;
const classIn = 1;
/** Response, authoritative. */
const flags = 0x8400;
/** Points to the question's name, which stands behind the header (§4.1.4). */
const sameName = 0xc000 | header_bytes;

export interface NameServer extends AsyncDisposable {
  /** Address with port, as agents are given it. */
  readonly address: string;
  /** IPv4 addresses that were given out, in their order. */
  readonly given: string[];
}

/** @param addresses IPv4, given out in turn, the last one again and again; other types of question get no answer */
export async function nameServer(name: string, addresses: readonly string[]): Promise<NameServer> {
  const given: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const question = questionOf(query);
    if (!question) return;
    const asked = question.name === name && question.type === typeA;
    const next = asked ? addresses[Math.min(given.length, addresses.length - 1)] : undefined;
    if (next !== undefined) given.push(next);
    socket.send(replyTo(query, question.end, next), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    given,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}

interface Question {
  name: string;
  type: number;
  /** Offset behind it. */
  end: number;
}

function questionOf(query: Buffer): Question | undefined {
  const labels: string[] = [];
  let at = header_bytes;
  for (;;) {
    const length = query[at];
    if (length === undefined || length > 63) return undefined;
    at++;
    if (length === 0) break;
    labels.push(query.toString('latin1', at, at + length));
    at += length;
  }
  if (at + 4 > query.length) return undefined;
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at), end: at + 4 };
}

function replyTo(query: Buffer, questionEnd: number, address: string | undefined): Buffer {
  const head = Buffer.alloc(header_bytes);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(flags, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(address === undefined ? 0 : 1, 6);
  const question = query.subarray(header_bytes, questionEnd);
  if (address === undefined) return Buffer.concat([head, question]);
  const answer = Buffer.alloc(16);
  answer.writeUInt16BE(sameName, 0);
  answer.writeUInt16BE(typeA, 2);
  answer.writeUInt16BE(classIn, 4);
  // TTL 0 (bytes 6 to 9), then four bytes of address.
  answer.writeUInt16BE(4, 10);
  answer.set(address.split('.').map(Number), 12);
  return Buffer.concat([head, question, answer]);
}
