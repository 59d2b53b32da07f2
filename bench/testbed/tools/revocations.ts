/**
 * Takes pushed revocations, on a listener of its own: through the tools' port an agent behind a gateway could reach it.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';

const path = '/revocations';
const bodyLimit_bytes = 1_048_576;
/**
 * Revoked ids are never forgotten, since that would bring a token back to life; what does not fit is refused, and the
 * authority's push fails aloud. A campaign revokes some hundreds.
 */
const limit = 100_000;

export class Revocations {
  readonly server: Server;
  readonly #revoked = new Set<string>();
  readonly #secretDigest: Buffer;

  constructor(pushSecret: string) {
    this.#secretDigest = digest(pushSecret);
    this.server = createServer({ keepAliveTimeout: 5_000 }, (req, res) => {
      this.#answer(req).then(
        (status) => res.writeHead(status, status === 401 ? { 'www-authenticate': 'Bearer' } : {}).end(),
        () => res.destroy(),
      );
    });
  }

  static url(base: string): string {
    return `${base}${path}`;
  }

  has(jti: string): boolean {
    return this.#revoked.has(jti);
  }

  async #answer(req: IncomingMessage): Promise<number> {
    if (req.url !== path) return 404;
    if (req.method !== 'POST') return 405;
    const [scheme, secret] = (req.headers.authorization ?? '').split(' ');
    // Digests have one length, so that the comparison tells nothing about the secret's (norm 34).
    if (scheme !== 'Bearer' || !timingSafeEqual(digest(secret ?? ''), this.#secretDigest)) return 401;
    const body = await read(req);
    if (body === undefined) return 413;
    const jtis = parse(body);
    if (!jtis) return 400;
    const fresh = jtis.filter((jti) => !this.#revoked.has(jti));
    if (this.#revoked.size + fresh.length > limit) return 507;
    for (const jti of fresh) this.#revoked.add(jti);
    return 204;
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

async function read(req: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= bodyLimit_bytes) chunks.push(chunk);
  }
  return size > bodyLimit_bytes ? undefined : Buffer.concat(chunks).toString('utf8');
}

function parse(body: string): string[] | undefined {
  try {
    const { jti } = JSON.parse(body) as { jti?: unknown };
    return Array.isArray(jti) && jti.every((id) => typeof id === 'string') ? jti : undefined;
  } catch {
    return undefined;
  }
}
