/**
 * Policy by Cedar. Policies and schema are parsed once; a decision is remembered under everything that it depends on.
 * Cedar itself fails open on errors (a forbid that meets a missing attribute is skipped, and the answer is allow), so a
 * call passes only where the evaluation succeeded, decided allow and met no error.
 */
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { ApprovalConfig, PolicyConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Operation } from '#contract/tools.ts';
import { type Clock, systemClock } from '../clock.ts';
import { approversFor } from './approval.ts';
import type { Call, Control, Denial } from './control.ts';
import { looksAtTime, type PolicySource, rulesOf, shippedPolicies, unusable } from './policySource.ts';

export { looksAtTime, type PolicyRule, type PolicySource, rulesOf, shippedPolicies } from './policySource.ts';

/** Decisions kept: 10,000 are about 2 MB. When full, all are forgotten, and made again as they are needed. */
const maxDecisions = 10_000;
const hour_ms = 3_600_000;

/** What a decision rests on, beside the policies. */
export interface PolicyQuestion {
  readonly agent: string;
  readonly operation: Operation;
  /** Of a payment; undefined where there is none, or none that can be read. */
  readonly amount_cents: number | undefined;
  /** Milliseconds since 1970. */
  readonly at_ms: number;
  /** Is a human's approval demanded of the call before it goes upstream? */
  readonly approved: boolean;
}

export interface PolicyVerdict {
  readonly allowed: boolean;
  /** Ids of the policies that decided: those that permit, or those that forbid; none where nothing permits. */
  readonly rules: readonly string[];
  /** Why not; '' where it is allowed. */
  readonly reason: string;
}

export interface PolicyOptions {
  source?: PolicySource;
  clock?: Clock;
  /** The approval control's, where it is on. It decides after the policy, which must know what it will demand. */
  approval?: ApprovalConfig | undefined;
}

/** `if_approved`: policy lets it pass, but only with a human's approval, which it would not need by its amount. */
type Decision = Denial | 'allowed' | 'if_approved';

let instances = 0;

export class Policy implements Control {
  readonly name = 'policy';
  readonly readsArguments = true;
  /** Under which Cedar keeps the parsed policies; one per instance, since it keeps them for the whole process. */
  readonly #id: string;
  readonly #clock: Clock;
  readonly #approval: ApprovalConfig | undefined;
  readonly #timed: boolean;
  readonly #agents: Map<string, cedar.EntityJson>;
  readonly #decisions = new Map<string, Decision>();

  /** @throws WeighbridgeError CONFIG where policies and schema do not parse or do not fit each other. */
  constructor(
    config: PolicyConfig,
    { source = shippedPolicies(config), clock = systemClock, approval }: PolicyOptions = {},
  ) {
    if (!Number.isSafeInteger(config.max_payment_cents)) {
      throw new WeighbridgeError('CONFIG', 'max_payment_cents must be whole cents', {
        where: 'controls.policy.max_payment_cents',
        mend: 'give an integer',
      });
    }
    this.#id = `gateway-${++instances}`;
    this.#clock = clock;
    this.#approval = approval;
    this.#timed = prepare(this.#id, source);
    this.#agents = new Map(config.agents.map((agent) => [agent.agent_id, entityOf(agent, config.max_payment_cents)]));
  }

  decide(call: Call): Denial | undefined {
    const { operation, agent } = call;
    if (!operation) return { code: 'policy_denied', reason: 'unknown operation' };
    const amount_cents = operation.class === 'pay' ? call.amount_cents : undefined;
    const at_ms = this.#timed ? this.#clock.epoch_ms() : 0;
    // The agent's name stands last: the parts before it hold no bar, so no name can pass for another key.
    const key = `${operation.name}|${amount_cents ?? ''}|${this.#timed ? Math.floor(at_ms / hour_ms) : ''}|${agent}`;
    let decision = this.#decisions.get(key);
    if (decision === undefined) {
      decision = this.#decideAnew({ agent, operation, amount_cents, at_ms });
      if (this.#decisions.size >= maxDecisions) this.#decisions.clear();
      this.#decisions.set(key, decision);
    }
    if (decision === 'allowed') return undefined;
    if (decision !== 'if_approved') return decision;
    call.approval_demanded = true;
    return undefined;
  }

  /**
   * Approvals are looked at last, so what a rule hears of them is what will be true of the call when it goes upstream: it
   * is approved where the approval control asks for that anyway. Where only that is missing, the call passes here under
   * the condition that it is approved; without an approval control, never.
   */
  #decideAnew(question: Omit<PolicyQuestion, 'approved'>): Decision {
    const { operation, amount_cents } = question;
    const approved = this.#approval !== undefined && approversFor(this.#approval, operation.class, amount_cents) > 0;
    const { allowed, reason } = this.judge({ ...question, approved });
    if (allowed) return 'allowed';
    const helps = this.#approval !== undefined && !approved && this.judge({ ...question, approved: true }).allowed;
    return helps ? 'if_approved' : { code: 'policy_denied', reason };
  }

  /** Decides anew, and says by which policies. Denies wherever Cedar did not clearly allow. */
  judge({ agent, operation, amount_cents, at_ms, approved }: PolicyQuestion): PolicyVerdict {
    const principal = this.#agents.get(agent);
    if (!principal) return denied('unknown agent');
    const hours = Math.floor(at_ms / hour_ms);
    const answer = cedar.statefulIsAuthorized({
      principal: { type: 'Agent', id: agent },
      action: { type: 'Action', id: operation.class },
      resource: { type: 'Operation', id: operation.name },
      context: {
        hour: hours % 24,
        // 1 January 1970 was a Thursday, day 4.
        weekday: ((Math.floor(hours / 24) + 3) % 7) + 1,
        approved,
        ...(amount_cents === undefined ? {} : { amount_cents }),
      },
      preparsedPolicySetId: this.#id,
      preparsedSchemaName: this.#id,
      validateRequest: true,
      entities: [
        principal,
        { uid: { type: 'Operation', id: operation.name }, attrs: { scope: operation.scope }, parents: [] },
      ],
    });
    if (answer.type !== 'success') return denied('the request does not fit the schema');
    const { decision, diagnostics } = answer.response;
    if (diagnostics.errors.length > 0) return denied('a policy could not be evaluated');
    const rules = [...diagnostics.reason].sort();
    if (decision === 'allow') return { allowed: true, rules, reason: '' };
    return { allowed: false, rules, reason: rules.join(', ') || 'not permitted' };
  }
}

const denied = (reason: string): PolicyVerdict => ({ allowed: false, rules: [], reason });

const entityOf = (
  { agent_id, scopes, plugins }: PolicyConfig['agents'][number],
  max_payment_cents: number,
): cedar.EntityJson => ({
  uid: { type: 'Agent', id: agent_id },
  attrs: { scopes: [...scopes], max_payment_cents, ...(plugins ? { plugins: [...plugins] } : {}) },
  parents: [],
});

/** Checks policies against the schema and has Cedar keep both. @returns whether a decision can depend on the time. */
function prepare(id: string, source: PolicySource): boolean {
  const rules = rulesOf(source.policies);
  const named = Object.fromEntries(rules.map((rule) => [rule.id, rule.text]));
  const checked = cedar.validate({ schema: source.schema, policies: { staticPolicies: named } });
  const problems =
    checked.type === 'failure' ? checked.errors : checked.validationErrors.map((problem) => problem.error);
  if (problems.length > 0) throw unusable(problems);
  for (const answer of [
    cedar.preparsePolicySet(id, { staticPolicies: named }),
    cedar.preparseSchema(id, source.schema),
  ]) {
    if (answer.type === 'failure') throw unusable(answer.errors);
  }
  return rules.some(looksAtTime);
}
