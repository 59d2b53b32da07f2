/** One call, from when it is due to its outcome: controls, token, attempts, and what is noted of them. */
import type { AttemptRow, PlannedCall, PlannedTask } from '#contract/calls.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { attr, spanName } from '#contract/names.ts';
import { type Cause, type Operation, operationByName } from '#contract/tools.ts';
import type { Attempt } from '../http/attempt.ts';
import type { Plugin } from '../plugins/plugin.ts';
import { AuthFailure } from '../security/auth-failure.ts';
import type { ManifestControl } from '../security/manifest.ts';
import type { ScopeSet } from '../tokens/scope-set.ts';
import type { TokenSource } from '../tokens/source.ts';
import { Attempts, type AttemptsOptions, type Running } from './attempts.ts';
import { judge, type Peer } from './outcome.ts';
import { type CallRecord, deny, refuse, settle } from './record.ts';

export interface CallRunnerOptions extends AttemptsOptions {
  plugins: readonly Plugin[];
  source: TokenSource;
  manifest: ManifestControl;
  peer: Peer;
}

/** What does not change from call to call of the same plugin and operation. */
interface Prepared {
  plugin: Plugin;
  operation: Operation;
  spanName: string;
  asked: ScopeSet;
}

interface RunningCall extends Running {
  readonly prepared: Prepared;
}

/** Where a call belongs. */
export interface Place {
  task: string;
  block: number;
  dueNs: bigint;
  /** Rows of its attempts are put here. */
  attempts: AttemptRow[];
}

export class CallRunner {
  readonly #options: CallRunnerOptions;
  readonly #attempts: Attempts;
  readonly #prepared = new Map<string, Map<string, Prepared>>();

  constructor(options: CallRunnerOptions) {
    this.#options = options;
    this.#attempts = new Attempts(options);
  }

  /**
   * Looks every call up before the first one is due, so that a bad plan stops before anything went out.
   * @throws WeighbridgeError CONFIG
   */
  expect(tasks: readonly PlannedTask[]): void {
    for (const { stages } of tasks) for (const stage of stages) for (const call of stage) this.#prepare(call);
  }

  async run(call: PlannedCall, place: Place): Promise<CallRecord> {
    const prepared = this.#prepare(call);
    const running = this.#open(call, prepared, place);
    try {
      await this.#perform(running);
    } catch (error) {
      if (!(error instanceof AuthFailure)) throw error;
      refuse(running.record, error);
    }
    return this.#close(running);
  }

  /** A call of a task that has ended before its turn came: it leaves its row, its span and its line, and nothing goes out. */
  skip(call: PlannedCall, place: Place, authError: string): CallRecord {
    const running = this.#open(call, this.#prepare(call), place);
    deny(running.record, { deniedBy: 'agent/fail_closed', errorType: authError });
    return this.#close(running);
  }

  /** One bare attempt with this token, or none, past token handling and controls. */
  async probe(call: PlannedCall, token: string | null): Promise<Attempt> {
    const running = this.#open(call, this.#prepare(call), { task: '', block: 0, dueNs: 0n, attempts: [] });
    const { plugin, operation } = running.prepared;
    const request = plugin.request(operation, call.args);
    const attempt = await this.#attempts.make(running, request, token);
    settle(
      running.record,
      attempt,
      judge(attempt, this.#attempts.causeOf(attempt, null), operation, this.#options.peer),
    );
    this.#close(running);
    return attempt;
  }

  #prepare(call: PlannedCall): Prepared {
    const name = `${call.tool}.${call.operation}`;
    const found = this.#prepared.get(call.plugin)?.get(name);
    if (found) return found;
    const plugin = this.#options.plugins.find((p) => p.manifest.name === call.plugin);
    const operation = operationByName.get(name);
    if (!plugin || !operation) {
      const what = plugin ? `operation ${name}` : `plugin ${call.plugin}`;
      throw new WeighbridgeError('CONFIG', `the agent knows no ${what}`, { where: `call ${call.call_id}` });
    }
    const asked = this.#options.source.asked(plugin, operation);
    const prepared = { plugin, operation, spanName: spanName.call(operation.tool), asked };
    const operations = this.#prepared.get(call.plugin) ?? new Map<string, Prepared>();
    this.#prepared.set(call.plugin, operations.set(name, prepared));
    return prepared;
  }

  #open(call: PlannedCall, prepared: Prepared, { task, block, dueNs, attempts }: Place): RunningCall {
    const { telemetry, arm } = this.#options;
    const startNs = telemetry.now();
    const span = telemetry.root(prepared.spanName, 'internal', startNs);
    span.set(attr.toolName, prepared.operation.tool);
    span.set(attr.operation, prepared.operation.name);
    span.set(attr.call, call.call_id);
    span.set(attr.arm, arm);
    const record: CallRecord = {
      call,
      task,
      dueNs,
      startNs,
      traceId: span.traceId,
      firstByteNs: 0n,
      endNs: 0n,
      attempts: 0,
      unauthorized: 0,
      status: null,
      outcome: 'ok',
      deniedBy: null,
      errorType: null,
      authError: null,
    };
    return { record, prepared, span, asked: prepared.asked, block, attempts };
  }

  async #perform(running: RunningCall): Promise<void> {
    const { record, span } = running;
    const { plugin, operation, asked } = running.prepared;
    const { source, manifest, network, peer } = this.#options;
    const { args } = record.call;
    const request = plugin.request(operation, args);
    const denial = manifest({ plugin, operation, args, request }) ?? network.denies(plugin, request);
    if (denial) return deny(record, denial);

    const by = { plugin: plugin.manifest.name, call: span };
    const first = source.acquire(asked, by);
    let token = first instanceof Promise ? await first : first;
    // Each kind of refusal is mended once: a token that is refused again is no better the third time.
    let mendable401 = true;
    let mendable403 = true;
    let mendableNonce = true;
    for (;;) {
      const attempt = await this.#attempts.make(running, request, token);
      const { status, startNs: sentNs } = attempt;
      const cause = this.#attempts.causeOf(attempt, token);
      // Should there be no other token, this answer is the call's last.
      settle(record, attempt, judge(attempt, cause, operation, peer));
      if (cause === null) return;
      if (cause === 'nonce') {
        // The token is as good as before: it is sent once more, with a proof that has the nonce of this answer.
        if (!mendableNonce || !token.isBound) {
          record.authError = record.errorType;
          return;
        }
        mendableNonce = false;
        this.#retry(running, cause);
        continue;
      }
      const is401 = status === 401;
      const refusal = { token, status, cause, sentNs };
      if (!(is401 ? mendable401 : mendable403) || !source.mends(refusal)) {
        source.discard(refusal);
        record.authError = record.errorType;
        return;
      }
      if (is401) mendable401 = false;
      else mendable403 = false;
      token = await source.renew(refusal, asked, by);
      this.#retry(running, cause);
    }
  }

  #retry({ record, span }: RunningCall, cause: Cause): void {
    this.#options.telemetry.line(span, 'retry', { cause, attempt: record.attempts + 1 });
  }

  #close({ record, span }: RunningCall): CallRecord {
    const { telemetry } = this.#options;
    const { outcome, deniedBy, errorType, status, attempts } = record;
    if (deniedBy !== null) span.set(attr.deniedBy, deniedBy);
    if (errorType !== null) span.fail(errorType);
    record.endNs = telemetry.now();
    telemetry.line(span, 'call', { outcome, status, attempts, error_type: errorType });
    span.end(record.endNs);
    return record;
  }
}
