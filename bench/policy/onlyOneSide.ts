/**
 * Rules that one side has and the other has not. Both are found by asking the two sides about a grid: every plugin and
 * operation, amounts around every number that stands in a rule or a limit, and, where a rule looks at the time, every
 * hour of a working day and of a Saturday. A rule that differs only off this grid is not found; it then shows as `idle`.
 */
import { operationByName } from '#contract/tools.ts';
import { readArgument } from './cedar.ts';
import { type GatewayCall, type GatewaySide, type GatewayVerdict, remembered, seenByGateway } from './gateway.ts';
import { type NativeCell, type NativeTable, nativeDecider } from './native.ts';

export interface GatewayOnly {
  readonly rule: string;
  /**
   * `lost`: it denies what a manifest allows, so dropping the gateway loses it. `covered`: whatever it denies is denied
   * natively too. `idle`: it denies nothing that this agent could ask.
   */
  readonly status: 'lost' | 'covered' | 'idle';
  /** A call that shows it; null where it is idle. */
  readonly example: {
    readonly plugin: string;
    readonly operation: string;
    readonly amount_cents: number | null;
  } | null;
}

export interface NativeOnly {
  readonly plugin: string;
  /** `undeclared_operation`, `undeclared_scope`, `over_limit`, `undeclared_host`. */
  readonly rule: string;
  /** What it is about: an operation, an operation and argument with its limit, or the hosts. */
  readonly about: string;
  /** Why a gateway does not do it. */
  readonly why: string;
}

export interface BothSides {
  readonly native: NativeTable;
  readonly gateway: GatewaySide;
  readonly agent: string;
  readonly host: string;
}

type Args = Record<string, number>;

interface Asked {
  readonly cell: NativeCell;
  readonly seen: GatewayCall;
  readonly natively: boolean;
  readonly atGateway: GatewayVerdict;
}

const hour_ms = 3_600_000;
/** Wednesday, 14 January 2026, midnight UTC; three days on it is Saturday. */
const wednesday_ms = Date.UTC(2026, 0, 14);
const hoursOf = (day_ms: number): number[] => Array.from({ length: 24 }, (_, hour) => day_ms + hour * hour_ms);
const noon_ms = wednesday_ms + 12 * hour_ms;

function ask({ native, gateway, agent, host }: BothSides): Asked[] {
  const decideNatively = nativeDecider(native);
  const moments = gateway.rules.some((r) => r.timed)
    ? [...hoursOf(wednesday_ms), ...hoursOf(wednesday_ms + 72 * hour_ms)]
    : [noon_ms];
  const amounts = amountsAround([
    ...gateway.rules.flatMap((r) => r.thresholds),
    ...native.cells.flatMap((cell) => Object.values(cell.limits)),
  ]);
  // The gateway cannot see the plugin, so one answer holds for all of them.
  const { judge } = remembered(gateway);
  return native.cells.flatMap((cell) =>
    argumentsOf(cell, amounts).flatMap((args) =>
      moments.map((at_ms) => {
        const { plugin, operation } = cell;
        const seen = seenByGateway({ operation, args }, agent, at_ms);
        const natively = decideNatively({ plugin, operation, args, host }).allowed;
        return { cell, seen, natively, atGateway: judge(seen) };
      }),
    ),
  );
}

const amountsAround = (numbers: readonly number[]): number[] =>
  [...new Set([1, ...numbers.flatMap((n) => [n - 1, n, n + 1])])].filter(Number.isSafeInteger).sort((a, b) => a - b);

/** Arguments that the cell's own limits allow, and for payments each amount in turn. */
function argumentsOf({ operation, limits }: NativeCell, amounts: readonly number[]): Args[] {
  const within: Args = { ...limits };
  if (operationByName.get(operation)!.class !== readArgument.class) return [within];
  return amounts.map((amount) => ({ ...within, [readArgument.name]: amount }));
}

export function rulesOfOneSide(sides: BothSides): { gateway_rules: GatewayOnly[]; native_rules: NativeOnly[] } {
  const asked = ask(sides);
  return { gateway_rules: gatewayOnlyRules(sides, asked), native_rules: nativeOnlyRules(sides, asked) };
}

/** Every rule of the gateway that forbids, and whether the manifests would miss it. */
function gatewayOnlyRules(sides: BothSides, asked: readonly Asked[]): GatewayOnly[] {
  return sides.gateway.rules.map(({ id }) => {
    const denied = asked.filter(({ atGateway }) => !atGateway.allowed && atGateway.rules.includes(id));
    const shown = denied.find(({ natively }) => natively) ?? denied.find(({ cell }) => cell.allowed) ?? denied[0];
    if (!shown) return { rule: id, status: 'idle', example: null };
    const { cell, seen } = shown;
    return {
      rule: id,
      status: shown.natively ? 'lost' : 'covered',
      example: { plugin: cell.plugin, operation: cell.operation, amount_cents: seen.amount_cents ?? null },
    };
  });
}

const blind = 'the gateway sees the agent, not the plugin, and another plugin of the agent may';

/** What a manifest forbids its plugin and the gateway would let through. */
function nativeOnlyRules(sides: BothSides, asked: readonly Asked[]): NativeOnly[] {
  const found: NativeOnly[] = [];
  for (const cell of sides.native.cells) {
    const own = asked.filter((a) => a.cell === cell);
    const { plugin, operation, rule } = cell;
    const passes = own.some(({ natively, atGateway }) => !natively && atGateway.allowed);
    if (!cell.allowed) {
      if (passes) found.push({ plugin, rule, about: operation, why: blind });
      continue;
    }
    for (const [argument, limit] of Object.entries(cell.limits)) {
      const read = argument === readArgument.name && operationByName.get(operation)!.class === readArgument.class;
      const about = `${operation} ${argument} ≤ ${limit}`;
      if (!read) found.push({ plugin, rule: 'over_limit', about, why: 'the gateway does not read this argument' });
      else if (passes) found.push({ plugin, rule: 'over_limit', about, why: blind });
    }
  }
  const why = 'what a plugin dials past the gateway, the gateway does not see';
  return found.concat(
    Object.entries(sides.native.hosts).map(([plugin, hosts]) => ({
      plugin,
      rule: 'undeclared_host',
      about: hosts.join(', ') || 'no host',
      why,
    })),
  );
}
