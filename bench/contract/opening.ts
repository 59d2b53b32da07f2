/** Where the time of opening a connection goes; agents and gateways measure it alike. */
import type { Socket } from 'node:net';

/** Openings of one connection, that of the last one split into its parts. */
export class Opening {
  /** Openings so far. */
  count = 0;
  /** Parts of the last one, ns; null where there was none: an address needs no lookup, plain HTTP no TLS. */
  dnsNs: bigint | null = null;
  connectNs: bigint | null = null;
  tlsNs: bigint | null = null;

  /** A socket has just been told to connect. */
  watch(socket: Socket, tls: boolean): void {
    let markNs = process.hrtime.bigint();
    this.count++;
    this.dnsNs = null;
    this.connectNs = null;
    this.tlsNs = null;
    const lap = (): bigint => {
      const nowNs = process.hrtime.bigint();
      const passedNs = nowNs - markNs;
      markNs = nowNs;
      return passedNs;
    };
    socket.once('lookup', () => {
      this.dnsNs = lap();
    });
    // First in line: the client's own listener starts the request.
    socket.prependOnceListener('connect', () => {
      this.connectNs = lap();
    });
    if (tls) {
      socket.prependOnceListener('secureConnect', () => {
        this.tlsNs = lap();
      });
    }
  }
}
