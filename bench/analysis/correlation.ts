/** Which request-scoped lines join their trace, tier by tier, counted against what the tiers themselves say they wrote. */
import type { ArmFigures } from '#contract/analysis.ts';
import type { Service } from '../../collectors/traces/index.ts';
import { type Cell, type CellBlock, keptBlocks } from './cells.ts';
import type { Data } from './data.ts';

type Correlation = ArmFigures['correlation'];

export interface TierLines {
  tier: string;
  lines: number;
  joined: number;
}

/**
 * Lines of a tier in these blocks, all of one arm: those of the arm's calls, and on top every line of that process that was
 * written and never stored, or stored without a way to its call. Nobody knows whose such a line was, so it is charged in
 * full to every cell that the process served: the share is a lower bound.
 */
export function tierLines(data: Data, blocks: readonly CellBlock[], service: Service): TierLines {
  const wanted = new Set(blocks.map((b) => b.cb));
  let lines = 0;
  let joined = 0;
  for (const row of data.lines) {
    if (row.service !== service.code || !wanted.has(row.cb)) continue;
    lines += row.lines;
    joined += row.joined;
  }
  return { tier: service.name, lines: lines + unplacedLines(data, blocks, service), joined };
}

const unplaced = new WeakMap<Data, Map<string, number>>();

/** Lines of one process (a service, and the arm it was started for) in one block that were written but cannot be placed. */
function unplacedIn(data: Data, block: number, service: Service, owner: string): number {
  const known = unplaced.get(data) ?? new Map<string, number>();
  unplaced.set(data, known);
  const key = `${block}/${service.code}/${owner}`;
  const value = known.get(key) ?? countUnplaced(data, block, service, owner);
  known.set(key, value);
  return value;
}

function countUnplaced(data: Data, block: number, service: Service, owner: string): number {
  const noted = (data.manifest.blocks.find((b) => b.block === block)?.telemetry ?? []).filter(
    (t) => t.service === service.name,
  );
  const own = noted.filter((t) => t.arm === owner);
  // A process of the arm's own takes that arm's lines; one that serves all arms takes those that no such process has.
  const isOwn = (arm: string): boolean => (owner === '' ? !noted.some((t) => t.arm === arm) : arm === owner);
  const places = new Set(
    data.cells.filter((c) => isOwn(c.arm)).flatMap((c) => c.blocks.filter((b) => b.block === block).map((b) => b.cb)),
  );
  const ofService = data.lines.filter((l) => l.service === service.code);
  const ofCalls = ofService.filter((l) => places.has(l.cb));
  const others = ofService.filter((l) => l.cb < 0 && l.block === block && l.owner === owner);
  const sum = (rows: typeof others, key: 'lines' | 'joined'): number => rows.reduce((n, r) => n + r[key], 0);
  // Without the process's own count, what was stored is all that is known. Lines of calls are charged to their cells.
  if (own.length === 0) return sum(others, 'lines') - sum(others, 'joined');
  const written = own.reduce((n, t) => n + t.request_log_lines, 0);
  return Math.max(0, written - sum(ofCalls, 'lines') - sum(others, 'joined'));
}

function unplacedLines(data: Data, blocks: readonly CellBlock[], service: Service): number {
  let lines = 0;
  for (const block of new Set(blocks.map((b) => b.block))) {
    // A process of the arm's own, or one that serves all arms: whichever there is.
    for (const owner of new Set([blocks[0]!.arm, ''])) lines += unplacedIn(data, block, service, owner);
  }
  return lines;
}

/** The tools trace themselves for it, but no call of its agent is in their traces. */
const untraced: Correlation = {
  by_tier: [],
  complete: { traces: 0, complete: 0, share: 0 },
  orphans: 0,
  by_timestamp: null,
  missing: [
    'this arm is not traced: its agent and gateway note no spans and no lines, and the tools see no trace of theirs',
  ],
};

/** Figures of one cell; telemetry that was lost voids a block, so they rest on kept blocks. */
export function correlationOf(data: Data, cell: Cell): Correlation {
  const blocks = keptBlocks(cell);
  const arm = data.manifest.arms.find((a) => a.arm === cell.arm);
  if (arm?.telemetry === 'off') return untraced;
  const services = (arm?.tiers ?? []).flatMap((tier) => data.services.find((s) => s.name === tier) ?? []);
  const tiers = services.map((s) => tierLines(data, blocks, s));
  const complete = blocks.reduce(
    (sum, b) => {
      const row = data.complete.get(b.cb);
      return { traces: sum.traces + (row?.traces ?? 0), complete: sum.complete + (row?.complete ?? 0) };
    },
    { traces: 0, complete: 0 },
  );
  const orphans = blocks.reduce((n, b) => n + (data.orphans.get(b.cb) ?? 0), 0);
  return {
    by_tier: tiers.filter((t) => t.lines > 0).map((t) => ({ ...t, share: t.joined / t.lines })),
    complete: { ...complete, share: complete.traces > 0 ? complete.complete / complete.traces : 0 },
    orphans,
    by_timestamp: timestampOf(data, blocks),
    missing: missingOf(tiers, complete, orphans, arm?.attached ? arm.gateway : null),
  };
}

function timestampOf(data: Data, blocks: readonly CellBlock[]): Correlation['by_timestamp'] {
  const rows = blocks.flatMap((b) => data.byTimestamp.get(b.cb) ?? []);
  const lines = rows.reduce((n, r) => n + r.lines, 0);
  const right = rows.reduce((n, r) => n + r.right_lines, 0);
  return lines > 0 ? { lines, right, share: right / lines } : null;
}

function missingOf(
  tiers: readonly TierLines[],
  complete: { traces: number; complete: number },
  orphans: number,
  attached: string | null,
): string[] {
  const said: string[] = [];
  for (const { tier, lines, joined } of tiers) {
    if (lines === 0) said.push(`${tier}: no request-scoped line was stored or counted`);
    else if (joined < lines) said.push(`${tier}: ${lines - joined} of ${lines} lines do not join a stored span`);
  }
  if (complete.complete < complete.traces) {
    said.push(`${complete.traces - complete.complete} of ${complete.traces} traces lack a tier of their path`);
  }
  if (orphans > 0) said.push(`${orphans} spans name a parent that was not stored`);
  if (attached !== null) said.push(`${attached}: an attached gateway, whose spans and lines are not collected`);
  return said;
}
