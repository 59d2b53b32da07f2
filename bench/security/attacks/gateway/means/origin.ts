/** An origin that keeps every byte it gets, and a client that sends bytes as they are. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

const ok = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok';
const patience_ms = 5_000;

export class Origin {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** latin1, connections in the order of arrival. */
  received = '';

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      let head = '';
      socket.on('data', (chunk) => {
        const text = chunk.toString('latin1');
        this.received += text;
        head += text;
        if (!head.includes('\r\n\r\n')) return;
        head = '';
        socket.write(ok);
      });
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(): Promise<Origin> {
    const origin = new Origin();
    await new Promise<void>((resolve) => origin.#server.listen(0, '127.0.0.1', resolve));
    return origin;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Sends the bytes, waits for the end of the connection. @returns the answer's status; 0 where none came */
export function sendBytes(url: string, bytes: string): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let answer = '';
    socket.setTimeout(patience_ms, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)));
    socket.write(bytes, 'latin1');
  });
}
