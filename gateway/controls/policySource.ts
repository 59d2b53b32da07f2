/**
 * Where policies come from: the permits (compiled from the plugins' manifests, or the one that ships here), then the
 * gateway's own rules, then overlays. Whoever adds rules to the permits may only forbid: the manifests are the source
 * of what an agent may do.
 */
import { readFileSync } from 'node:fs';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { PolicyConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';

const shipped = (name: string): string => readFileSync(new URL(`./${name}`, import.meta.url), 'utf8');

export interface PolicySource {
  policies: string;
  schema: string;
}

/** One policy by its @id, so that a denial names the policy that made it. */
export interface PolicyRule {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly text: string;
  /** Cedar's own JSON form of it. */
  readonly json: string;
}

/**
 * Permits, own rules and overlays as one text, with the schema that they must fit.
 * @throws WeighbridgeError CONFIG where an overlay permits anything
 */
export function shippedPolicies({
  permits,
  overlays = [],
}: Pick<PolicyConfig, 'permits' | 'overlays'> = {}): PolicySource {
  for (const [index, overlay] of overlays.entries()) {
    const widening = rulesOf(overlay).find(({ effect }) => effect === 'permit');
    if (widening) {
      throw new WeighbridgeError('CONFIG', `overlay rule ${widening.id} permits: an overlay may only forbid`, {
        where: `controls.policy.overlays[${index}]`,
        mend: 'declare what an agent may do in its plugins’ manifests, and compile those',
      });
    }
  }
  const texts = [permits ?? shipped('policy.cedar'), shipped('overlays/payments.cedar'), ...overlays];
  return { policies: texts.join('\n'), schema: shipped('policy.cedarschema') };
}

/**
 * The policies in a text, in its order; one without @id is named by its place.
 * @throws WeighbridgeError CONFIG where the text is not Cedar, holds a template, or two policies of one name
 */
export function rulesOf(text: string): PolicyRule[] {
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === 'failure') throw unusable(parts.errors);
  // A template is no rule until somebody links it; here nobody would, and a forbid would silently do nothing.
  if (parts.policy_templates.length > 0) throw unusable([{ message: 'templates are not supported' }]);
  const seen = new Set<string>();
  return parts.policies.map((policy, index) => {
    const parsed = cedar.policyToJson(policy);
    if (parsed.type === 'failure') throw unusable(parsed.errors);
    const id = parsed.json.annotations?.id ?? `policy${index}`;
    if (seen.has(id)) throw unusable([{ message: `two policies are named ${id}` }]);
    seen.add(id);
    return { id, effect: parsed.json.effect, text: policy, json: JSON.stringify(parsed.json) };
  });
}

const contextUse = /\{"Var":"context"\}/g;
/** The uses of the context that cannot depend on when the call is made. */
const timelessUse = /"left":\{"Var":"context"\},"attr":"(?:amount_cents|approved)"/g;

/** May the rule's outcome change with time? Any use of the context that is not known to be timeless counts. */
export const looksAtTime = ({ json }: PolicyRule): boolean =>
  (json.match(contextUse)?.length ?? 0) !== (json.match(timelessUse)?.length ?? 0);

export const unusable = (problems: readonly { message: string }[]): WeighbridgeError =>
  new WeighbridgeError('CONFIG', `the policies cannot be used: ${problems.map((p) => p.message).join('; ')}`, {
    where: 'gateway/controls/policy.cedar, its overlays, or controls.policy',
    mend: 'make policies and schema fit each other',
  });
