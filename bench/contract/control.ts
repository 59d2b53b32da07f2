/**
 * The control channel: Node's IPC pipe between the campaign and each tier, structured-clone encoded (bigints pass).
 * A tier serves named methods; the campaign calls them one at a time per tier and awaits the answer. When the channel
 * closes (the parent ended, even by kill -9), the tier ends at once.
 */
import type { ChildProcess } from 'node:child_process';
import type {
  AttemptRow,
  CallRow,
  LoadOrder,
  LoadReport,
  LoadStep,
  PlannedCall,
  ProbeOrder,
  ProbeReport,
  Protocol,
  ResourceRow,
  SliceOrder,
  SliceReport,
} from './calls.ts';
import type {
  AgentConfig,
  AuthClient,
  AuthConfig,
  CollectorConfig,
  GatewayConfig,
  ServiceTime,
  ToolsConfig,
} from './config.ts';
import { type ErrorCode, WeighbridgeError } from './errors.ts';
import type { OperationClass } from './tools.ts';

/** What a tier noted since the last drain, all of it acknowledged by the collector. */
export interface DrainReport {
  spans_started: number;
  /** Acknowledged by the collector with HTTP 200 and no partial rejection. */
  spans_exported: number;
  /** Spans that found the ring full, were never ended, or were refused. */
  spans_dropped: number;
  log_lines: number;
  request_log_lines: number;
  log_lines_exported: number;
}

/** One effect at a tool, for parity. */
export interface Effect {
  call_id: string;
  tool: string;
  operation: string;
  class: OperationClass;
  digest: string;
  client_id: string;
}

interface CommonMethods {
  /** Exports and acknowledges everything noted so far. */
  drain: { params: undefined; result: DrainReport };
  /** Collects young garbage, so that it does not run within someone's slice. */
  gc: { params: undefined; result: undefined };
  /** Closes listeners and ends the process. */
  stop: { params: undefined; result: undefined };
}

export interface AuthMethods extends CommonMethods {
  configure: { params: AuthConfig; result: { issuer: string; jwks_uri: string; token_endpoint: string } };
  /** Lifetime of access tokens issued from now on. */
  set_ttl: { params: { access_token_ttl_ms: number }; result: undefined };
  /** Registers another client; one of that id is replaced. */
  add_client: { params: AuthClient; result: undefined };
  /** Where revoked `jti`s are pushed to. */
  set_verifiers: { params: { urls: string[] }; result: undefined };
  /** Revokes every live access token of a client; resolves when each verifier has acknowledged. */
  revoke: { params: { client_id: string }; result: { revoked: number } };
  /** Signs a token that is wrong in one way, for parity probes. */
  mint: {
    params: { client_id: string; resource: string; kind: 'good' | 'expired' | 'wrong_scope' | 'wrong_audience' };
    result: { token: string };
  };
}

export interface ToolsMethods extends CommonMethods {
  /** `tls_url`: base URL of the listener that speaks TLS; null where there is none. */
  configure: { params: ToolsConfig; result: { url: string; tls_url: string | null; revocations_url: string } };
  set_service_time: { params: ServiceTime; result: undefined };
  /** Effects and count of requests (refused ones included) since the last call of this method. */
  effects: { params: undefined; result: { effects: Effect[]; requests: number } };
}

export interface AgentMethods extends CommonMethods {
  configure: { params: AgentConfig; result: { plugins: string[] } };
  /** The authorization-code login; resolves when the agent holds its grant. */
  login: { params: undefined; result: { scopes: string[] } };
  /** Drops all access tokens and fetches new ones by refresh (after the lifetimes were changed). */
  renew: { params: undefined; result: undefined };
  run_slice: { params: SliceOrder; result: SliceReport };
  /** One step of load; resolves when the last call has ended. */
  run_load: { params: LoadOrder; result: LoadReport };
  /** One bare attempt with the given token, or none, past the agent's own token handling and controls. */
  probe: {
    params: { call: PlannedCall; token: string | null; protocol?: Protocol };
    result: { status: number; www_authenticate: string | null; body: string };
  };
}

/** What calls have cost, in whole cents. */
export interface CostReport {
  window: 'day' | 'lifetime';
  /** Spent in the current window, reservations of calls under way included; `limit_cents` null: no limit. */
  all: { spent_cents: number; limit_cents: number | null };
  agents: { agent: string; spent_cents: number; limit_cents: number | null }[];
  /** Since the gateway began, by agent and task; the task is the agent's own word, '' where it gave none. */
  tasks: TaskCost[];
}

export interface TaskCost {
  agent: string;
  task: string;
  /** Carried out by the upstream. */
  calls: number;
  spent_cents: number;
  /** Sent, but nobody knows whether carried out; their cost stays spent. */
  unknown_calls: number;
  unknown_cents: number;
  /** Refused for want of budget. */
  refused_calls: number;
}

export interface GatewayMethods extends CommonMethods {
  configure: {
    params: GatewayConfig;
    /** `approvals_url`: the approvers' page and API; null where `approval` is off. */
    result: {
      url: string;
      /** Base URL of the listener that speaks TLS; null where there is none. */
      tls_url: string | null;
      revocations_url: string;
      audit_mode: string;
      approvals_url: string | null;
    };
  };
  /** What calls have cost; null where `budget` is off. */
  costs: { params: undefined; result: CostReport | null };
  /** Drops the vault's cached upstream tokens (after the lifetimes were changed). */
  renew: { params: undefined; result: undefined };
}

/** Runs autocannon, for a probe of tiers alone; it notes nothing and exports nothing. */
export interface ProberMethods {
  configure: { params: undefined; result: undefined };
  probe: { params: ProbeOrder; result: ProbeReport };
  stop: { params: undefined; result: undefined };
}

export interface StoredCounts {
  calls: number;
  attempts: number;
  spans: number;
  /** By ServiceName. */
  spans_by_service: Record<string, number>;
  logs: number;
  logs_by_service: Record<string, number>;
  resources: number;
  /** Calls under load. */
  load: number;
}

export interface CollectorMethods {
  configure: { params: CollectorConfig; result: { otlp: string } };
  add_calls: { params: { calls: CallRow[]; attempts: AttemptRow[] }; result: undefined };
  add_resources: { params: { rows: ResourceRow[] }; result: undefined };
  /** A row per call of the step, in whole µs. */
  add_load: { params: { step: LoadStep; report: LoadReport }; result: undefined };
  /** Spans and logs stored so far in this block, by service. */
  counts: { params: undefined; result: StoredCounts };
  /**
   * Writes what the block holds as `blocks/NNN/*.parquet` (temporary file, sync, rename), the gateway's attempts derived
   * from its client spans, and empties the store. Spans carry the block in the resource attribute `weighbridge.block`.
   */
  end_block: { params: { block: number }; result: StoredCounts };
  /** Forgets what was stored since the last block ended: warm-up and parity are no data. */
  discard: { params: undefined; result: undefined };
  /**
   * Merges the blocks into the top-level Parquet files, those named here into files of the same names in `voided/`, and
   * removes `blocks/`, unless they are to stay for a campaign that may go on. Counts both.
   */
  merge: { params: { voided: number[]; keep_blocks?: boolean }; result: StoredCounts };
  stop: { params: undefined; result: undefined };
}

type Params<M, K extends keyof M> = M[K] extends { params: infer P } ? P : never;
type Result<M, K extends keyof M> = M[K] extends { result: infer R } ? R : never;

export type Handlers<M> = { [K in keyof M]: (params: Params<M, K>) => Promise<Result<M, K>> | Result<M, K> };

interface Request {
  id: number;
  method: string;
  params: unknown;
}
type Response =
  | { id: number; ok: true; result: unknown }
  | {
      id: number;
      ok: false;
      error: {
        code: ErrorCode;
        message: string;
        where: string | undefined;
        mend: string | undefined;
        stack: string | undefined;
      };
    };

/** Is this process a child that a campaign controls? */
export const isControlled = (): boolean => typeof process.send === 'function';

/** Answered by the channel itself, on every tier: who does not answer it is hung. */
const ping = 'ping';

/** Serves the methods to the parent; the process ends when the channel closes. */
export function serveControl<M>(handlers: Handlers<M>): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', async (message: Request) => {
    if (message.method === ping) {
      if (process.connected) process.send?.({ id: message.id, ok: true, result: undefined } satisfies Response);
      return;
    }
    const handler = handlers[message.method as keyof M];
    let response: Response;
    try {
      if (!handler) throw new WeighbridgeError('INTERNAL', `no method ${message.method} on this tier`);
      response = { id: message.id, ok: true, result: await handler(message.params as never) };
    } catch (error) {
      const known = error instanceof WeighbridgeError ? error : undefined;
      response = {
        id: message.id,
        ok: false,
        error: {
          code: known?.code ?? 'INTERNAL',
          message: error instanceof Error ? error.message : String(error),
          where: known?.where,
          mend: known?.mend,
          stack: error instanceof Error ? error.stack : undefined,
        },
      };
    }
    if (process.connected) process.send?.(response);
  });
}

/** How long a method's answer may take, ms; null: its caller keeps the time. */
export type Deadlines = (method: string) => number | null;

/** The parent's end. Every pending and later call rejects with TIER_DEAD once the child has ended. */
export class ControlClient<M> {
  readonly name: string;
  readonly child: ChildProcess;
  #next = 1;
  #dead: WeighbridgeError | undefined;
  readonly #pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #deadline_ms: Deadlines;

  constructor(name: string, child: ChildProcess, deadlines: Deadlines = () => null) {
    this.name = name;
    this.child = child;
    this.#deadline_ms = deadlines;
    child.on('message', (message: Response) => {
      const pending = this.#pending.get(message.id);
      if (!pending) return;
      this.#pending.delete(message.id);
      if (message.ok) pending.resolve(message.result);
      else {
        const { code, message: text, where, mend, stack } = message.error;
        pending.reject(
          new WeighbridgeError(code, `${name}: ${text}`, {
            ...(where === undefined ? {} : { where }),
            ...(mend === undefined ? {} : { mend }),
            cause: stack,
          }),
        );
      }
    });
    child.on('exit', (code, signal) => this.#die(`${name} ended (${signal ?? `exit code ${code}`})`));
    child.on('error', (error) => this.#die(`${name} could not be started: ${error.message}`));
  }

  #die(why: string): void {
    this.#dead ??= new WeighbridgeError('TIER_DEAD', why, { where: this.name });
    for (const pending of this.#pending.values()) pending.reject(this.#dead);
    this.#pending.clear();
  }

  get alive(): boolean {
    return this.#dead === undefined;
  }

  call<K extends keyof M & string>(
    method: K,
    ...params: Params<M, K> extends undefined ? [] : [Params<M, K>]
  ): Promise<Result<M, K>> {
    return this.#send<Result<M, K>>(method, params[0], this.#deadline_ms(method));
  }

  /** Does the process answer in that time? */
  answers(deadline_ms: number): Promise<boolean> {
    return this.#send(ping, undefined, deadline_ms).then(
      () => true,
      () => false,
    );
  }

  #send<T>(method: string, params: unknown, deadline_ms: number | null): Promise<T> {
    if (this.#dead) return Promise.reject(this.#dead);
    const id = this.#next++;
    const answer = new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.child.send({ id, method, params } satisfies Request, (error) => {
        if (error) this.#die(`${this.name}: the control channel is closed`);
      });
    });
    if (deadline_ms === null) return answer;
    const timer = setTimeout(() => {
      const late = this.#pending.get(id);
      this.#pending.delete(id);
      const message = `${this.name} did not answer ${method} in ${deadline_ms / 1_000} s`;
      late?.reject(new WeighbridgeError('DEADLINE', message, { where: this.name }));
    }, deadline_ms);
    return answer.finally(() => clearTimeout(timer));
  }
}
