/**
 * Policy by Cedar. The policies and their schema are parsed once; a decision is remembered under everything that it
 * depends on. Cedar itself fails open on errors (a forbid that meets a missing attribute is skipped, and the answer is
 * allow), so a call passes only where the evaluation succeeded, decided allow and met no error.
 */
import { readFileSync } from 'node:fs';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { GatewayConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Operation } from '#contract/tools.ts';
import type { Call, Control, Denial } from './control.ts';

type PolicyConfig = NonNullable<GatewayConfig['controls']['policy']>;

const policyFile = new URL('./policy.cedar', import.meta.url);
const schemaFile = new URL('./policy.cedarschema', import.meta.url);

/** Decisions kept: 10,000 are about 2 MB. When full, all are forgotten, and made again as they are needed. */
const maxDecisions = 10_000;

export interface PolicySource {
  policies: string;
  schema: string;
}

/** What the policies say. Reads the two files beside this one unless given others. */
export const shippedPolicies = (): PolicySource => ({
  policies: readFileSync(policyFile, 'utf8'),
  schema: readFileSync(schemaFile, 'utf8'),
});

let instances = 0;

export class Policy implements Control {
  readonly name = 'policy';
  readonly readsArguments = true;
  /** Under which Cedar keeps the parsed policies; one per instance, since it keeps them for the whole process. */
  readonly #id: string;
  readonly #agents: Map<string, cedar.EntityJson>;
  readonly #decisions = new Map<string, Denial | null>();

  /** @throws WeighbridgeError CONFIG where policies and schema do not parse or do not fit each other. */
  constructor(config: PolicyConfig, source: PolicySource = shippedPolicies()) {
    if (!Number.isSafeInteger(config.max_payment_cents)) {
      throw new WeighbridgeError('CONFIG', 'max_payment_cents must be whole cents', {
        where: 'controls.policy.max_payment_cents',
        mend: 'give an integer',
      });
    }
    this.#id = `gateway-${++instances}`;
    prepare(this.#id, source);
    this.#agents = new Map(
      config.agents.map(({ agent_id, scopes }) => [
        agent_id,
        {
          uid: { type: 'Agent', id: agent_id },
          attrs: { scopes: [...scopes], max_payment_cents: config.max_payment_cents },
          parents: [],
        },
      ]),
    );
  }

  decide(call: Call): Denial | undefined {
    const { operation, agent, amount_cents } = call;
    if (!operation) return { code: 'policy_denied', reason: 'unknown operation' };
    const pays = operation.class === 'pay';
    // The agent's name stands last: the parts before it hold no bar, so no name can pass for another key.
    const key = `${operation.name}|${pays ? amount_cents : ''}|${agent}`;
    const known = this.#decisions.get(key);
    if (known !== undefined) return known ?? undefined;
    const decision = this.#evaluate(operation, agent, pays ? amount_cents : undefined);
    if (this.#decisions.size >= maxDecisions) this.#decisions.clear();
    this.#decisions.set(key, decision);
    return decision ?? undefined;
  }

  #evaluate(operation: Operation, agent: string, amount_cents: number | undefined): Denial | null {
    const principal = this.#agents.get(agent);
    if (!principal) return { code: 'policy_denied', reason: 'unknown agent' };
    const answer = cedar.statefulIsAuthorized({
      principal: { type: 'Agent', id: agent },
      action: { type: 'Action', id: operation.class },
      resource: { type: 'Operation', id: operation.name },
      context: amount_cents === undefined ? {} : { amount_cents },
      preparsedPolicySetId: this.#id,
      preparsedSchemaName: this.#id,
      validateRequest: true,
      entities: [
        principal,
        { uid: { type: 'Operation', id: operation.name }, attrs: { scope: operation.scope }, parents: [] },
      ],
    });
    if (answer.type !== 'success') return { code: 'policy_denied', reason: 'the request does not fit the schema' };
    const { decision, diagnostics } = answer.response;
    if (diagnostics.errors.length > 0) return { code: 'policy_denied', reason: 'a policy could not be evaluated' };
    if (decision === 'allow') return null;
    return { code: 'policy_denied', reason: diagnostics.reason.join(', ') || 'not permitted' };
  }
}

function prepare(id: string, { policies, schema }: PolicySource): void {
  const named = byName(policies);
  const checked = cedar.validate({ schema, policies: { staticPolicies: named } });
  const problems =
    checked.type === 'failure' ? checked.errors : checked.validationErrors.map((problem) => problem.error);
  if (problems.length > 0) throw unusable(problems);
  for (const answer of [cedar.preparsePolicySet(id, { staticPolicies: named }), cedar.preparseSchema(id, schema)]) {
    if (answer.type === 'failure') throw unusable(answer.errors);
  }
}

/** Policies by their @id, so that a denial names the policy that made it. */
function byName(text: string): Record<string, string> {
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === 'failure') throw unusable(parts.errors);
  const named: Record<string, string> = {};
  for (const [index, policy] of parts.policies.entries()) {
    const parsed = cedar.policyToJson(policy);
    if (parsed.type === 'failure') throw unusable(parsed.errors);
    named[parsed.json.annotations?.id ?? `policy${index}`] = policy;
  }
  return named;
}

const unusable = (problems: readonly { message: string }[]): WeighbridgeError =>
  new WeighbridgeError('CONFIG', `the policies cannot be used: ${problems.map((p) => p.message).join('; ')}`, {
    where: 'gateway/controls/policy.cedar',
    mend: 'make policies and schema fit each other',
  });
