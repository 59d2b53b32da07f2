/**
 * autocannon against a gateway or tools alone: how much goes through when nobody paces. From it come the traffic and
 * nothing else, since its own figures cannot be used (9.0.0): its rate mode sends a second's calls in one burst; its
 * correction for coordinated omission, which comes with a rate, takes seconds for milliseconds and makes up thousands of
 * samples; its histogram counts whole milliseconds and no timeouts; and once a connection was closed, it matches each
 * later answer to the start of the request before. So there is no rate here, no worker (from which no responses are
 * reported) and no percentile: each response is timed from the last request of its connection, and handed over raw.
 */
import autocannon, { type Client } from 'autocannon';
import type { ProbeOrder } from '#contract/calls.ts';
import { WeighbridgeError } from '#contract/errors.ts';

/** A sample per request that was answered, timed out or failed, in the order of their ends. */
export interface ProbeSamples {
  /** From the request to the end of its answer; at least the timeout for one that timed out. */
  latency_us: Float64Array;
  /** HTTP status; 0 where no answer came. */
  status: Uint16Array;
  /** When the sample was taken, after the start, µs. */
  end_us: Float64Array;
  requests: number;
  answered: number;
  timeouts: number;
  /** Connections that could not be opened or broke. */
  errors: number;
  /** Sent on a connection that the server was closing, or still under way at the end: without a sample. */
  unanswered: number;
  /** Whether or not they could be opened. */
  connections: number;
  elapsed_us: number;
  /** Monotonic; the other times count from here. */
  start_ns: bigint;
}

/** Broken connections end a probe that meets nobody: autocannon would open new ones without a pause. */
const mostErrors = 100;
/** How soon autocannon notices that it is over. */
const tick_ms = 50;

/**
 * Closed loop, `connections` requests under way for so long.
 * @throws WeighbridgeError CONFIG
 */
export async function probe(options: ProbeOrder): Promise<ProbeSamples> {
  refuseUnfit(options);
  const { url, method, headers = {}, body, connections, duration_s, timeout_s } = options;
  const samples = new Samples(options);
  const instance = autocannon(
    {
      url,
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      connections,
      pipelining: 1,
      duration: duration_s,
      timeout: timeout_s,
      sampleInt: tick_ms,
      skipAggregateResult: true,
      setupClient: (client) => samples.watch(client),
    },
    (error) => (error ? samples.over.reject(error) : samples.over.resolve()),
  );
  samples.enough = () => instance.stop();
  await samples.over.promise;
  return samples.take();
}

function refuseUnfit({ url, connections, duration_s, timeout_s, max_samples }: ProbeOrder): void {
  const problem = (): string | null => {
    if (!URL.canParse(url) || new URL(url).protocol !== 'http:') return 'the probe takes http: addresses only';
    if (!(Number.isInteger(connections) && connections >= 1)) return `a probe with ${connections} connections`;
    if (!(Number.isInteger(max_samples) && max_samples >= 1)) return `a probe that keeps ${max_samples} samples`;
    return duration_s > 0 && timeout_s >= 1 ? null : 'a probe without a duration, or with a timeout below 1 s';
  };
  const found = problem();
  if (found !== null) throw new WeighbridgeError('CONFIG', found, { where: 'probe' });
}

class Samples {
  readonly over = Promise.withResolvers<void>();
  /** Called when no more samples are wanted. */
  enough = (): void => {};
  readonly #latency: Float64Array;
  readonly #status: Uint16Array;
  readonly #end: Float64Array;
  readonly #timeout_us: number;
  readonly #startNs = process.hrtime.bigint();
  #length = 0;
  #requests = 0;
  #answered = 0;
  #timeouts = 0;
  #errors = 0;
  #connections = 0;

  constructor({ max_samples, timeout_s }: ProbeOrder) {
    this.#latency = new Float64Array(max_samples);
    this.#status = new Uint16Array(max_samples);
    this.#end = new Float64Array(max_samples);
    this.#timeout_us = timeout_s * 1e6;
  }

  /** Before the client's first request goes out. */
  watch(client: Client): void {
    /** Of the request under way; null where none is. */
    let sent_us: number | null = null;
    let socket: unknown;
    client.on('request' as 'body', () => {
      this.#requests++;
      // A new connection sends at once, and autocannon says nothing of it but this.
      const { conn } = client as Client & { conn: unknown };
      if (conn !== socket) this.#connections++;
      socket = conn;
      sent_us = this.#now();
    });
    client.on('response', (status) => {
      this.#answered++;
      this.#note(sent_us ?? this.#now(), status);
      sent_us = null;
    });
    // autocannon has sent the next request by then: its start is no help, and the timeout is a bound.
    client.on('timeout' as 'body', () => {
      this.#timeouts++;
      this.#note(this.#now() - this.#timeout_us, 0);
    });
    client.on('connError' as 'body', () => {
      if (++this.#errors === mostErrors) this.enough();
      // A connection that broke between two requests has none to time.
      if (sent_us !== null) this.#note(sent_us, 0);
      sent_us = null;
    });
  }

  take(): ProbeSamples {
    const length = this.#length;
    return {
      latency_us: this.#latency.slice(0, length),
      status: this.#status.slice(0, length),
      end_us: this.#end.slice(0, length),
      requests: this.#requests,
      answered: this.#answered,
      timeouts: this.#timeouts,
      errors: this.#errors,
      unanswered: this.#requests - length,
      connections: this.#connections,
      elapsed_us: this.#now(),
      start_ns: this.#startNs,
    };
  }

  #note(sent_us: number, status: number): void {
    if (this.#length === this.#latency.length) return;
    const now_us = this.#now();
    this.#latency[this.#length] = now_us - sent_us;
    this.#status[this.#length] = status;
    this.#end[this.#length] = now_us;
    if (++this.#length === this.#latency.length) this.enough();
  }

  #now(): number {
    return Number(process.hrtime.bigint() - this.#startNs) / 1000;
  }
}
