/** A request that cannot be taken: what goes back to its sender. */

/** google.rpc.Code */
export const rpcCode = { invalidArgument: 3, resourceExhausted: 8, unimplemented: 12, internal: 13 } as const;

export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly http: number;
  readonly rpc: number;

  constructor(http: number, rpc: number, message: string) {
    super(message);
    this.http = http;
    this.rpc = rpc;
  }
}

/** The body is not what OTLP says. The request is refused as a whole: nothing of it is stored. */
export const badBody = (message: string): RequestError => new RequestError(400, rpcCode.invalidArgument, message);
