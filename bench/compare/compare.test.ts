import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Change } from '#contract/changes.ts';
import { seededRandom } from '#contract/random.ts';
import { analyseBlocks } from '../analysis/index.ts';
import type { SyntheticOptions } from '../analysis/synthetic.ts';
import { arms, campaigns, digest, latency, lifecycle } from '../analysis/testing.ts';
import { hodgesLehmannShift, mannWhitneyInterval } from '../stats/mannWhitney.ts';
import { compareCampaigns, type Side } from './index.ts';

const { campaign } = campaigns();

const side = async (options: Partial<SyntheticOptions>): Promise<Side> =>
  analyseBlocks(
    (await campaign({ sessions: [latency, lifecycle], noise_us: 30, block_sd_us: 4, blocks: 8, ...options })).dir,
    digest,
  );

const touched = "phase = 'lifecycle' AND position % 10 = 0";
const gatewayTakes = (gateway_us: number): SyntheticOptions['arms'] =>
  arms.map((a) => (a.arm === 'gateway' ? { ...a, gateway_us } : a));

let before8: Side;
/** Another seed; the gateway takes 150 µs more, and native meets a 401 in every tenth call. */
let after8: Side;
before(async () => {
  before8 = await side({ seed: 'before' });
  after8 = await side({
    seed: 'after',
    arms: gatewayTakes(350).map((a) => (a.arm === 'native' ? { ...a, touched_agent: touched } : a)),
  });
});

const changeOf = (changes: readonly Change[], metric: string, arm: string, baseline: string): Change => {
  const found = changes.find((c) => c.metric === metric && c.arm === arm && c.baseline === baseline);
  assert.ok(found, `${metric} of ${arm} − ${baseline}`);
  return found;
};

describe('a change that is known', () => {
  it('comes out with its interval, from the blocks of both', () => {
    const { changes } = compareCampaigns(before8, after8);
    const c = changeOf(changes, 'felt_p50_shift', 'gateway', 'native');
    assert.equal(c.verdict, 'larger');
    assert.ok(c.ci95![0] <= 150 && 150 <= c.ci95![1], `${c.ci95}`);
    assert.match(c.why, /^Larger in B: B − A is 0\.1\d+ ms \(0\.1\d+ to 0\.1\d+\), 9[5-9]\.\d %/);
    const at = before8.analysis.comparisons.findIndex(
      (x) => x.metric === c.metric && x.arm === 'gateway' && x.baseline === 'native',
    );
    const other = after8.analysis.comparisons.findIndex(
      (x) => x.metric === c.metric && x.arm === 'gateway' && x.baseline === 'native',
    );
    const [a, b] = [before8.differences[at]!, after8.differences[other]!];
    assert.deepEqual([a.length, b.length], [8, 8]);
    assert.equal(c.estimate, hodgesLehmannShift(a, b));
    assert.equal(c.level, mannWhitneyInterval(a, b, 0.95)!.level);
    assert.equal(c.a.estimate, before8.analysis.comparisons[at]!.estimate);
    assert.deepEqual(c.b.ci95, after8.analysis.comparisons[other]!.ci95);
  });

  it('turned about is smaller by as much', () => {
    const there = changeOf(compareCampaigns(before8, after8).changes, 'felt_p50_shift', 'gateway', 'native');
    const back = changeOf(compareCampaigns(after8, before8).changes, 'felt_p50_shift', 'gateway', 'native');
    assert.equal(back.verdict, 'smaller');
    assert.ok(Math.abs(back.estimate! + there.estimate!) < 1e-9);
  });

  it('is not found where there is none: no difference larger than what is said', () => {
    const c = changeOf(compareCampaigns(before8, after8).changes, 'felt_p50_shift', 'passthrough', 'direct');
    assert.equal(c.verdict, 'no_difference', c.why);
    assert.match(c.why, /^No difference larger than 0\.0\d+ ms shown: /);
    assert.ok(Math.max(-c.ci95![0], c.ci95![1]) <= c.h!);
  });

  it('of shares comes from both intervals', () => {
    const c = changeOf(compareCampaigns(before8, after8).changes, 'retry401_shift', 'native', 'direct');
    assert.deepEqual([c.verdict, c.method], ['larger', 'independent_intervals']);
    assert.ok(Math.abs(c.estimate! - 0.1) < 1e-9);
    assert.match(c.why, /percentage points/);
    const none = changeOf(compareCampaigns(before8, after8).changes, 'error_rate_shift', 'gateway', 'native');
    assert.equal(none.estimate, 0);
    assert.ok(none.ci95![0] < 0 && none.ci95![1] > 0, 'no event is no proof that there is none');
  });
});

describe('a change that cannot be decided', () => {
  it('has too few blocks', async () => {
    const few = await side({ seed: 'few', blocks: 4, arms: gatewayTakes(350) });
    const c = changeOf(compareCampaigns(before8, few).changes, 'felt_p50_shift', 'gateway', 'native');
    assert.deepEqual([c.verdict, c.ci95], ['inconclusive', null]);
    assert.match(c.why, /below 6 blocks no interval is given/);
  });

  it('is wider than what was to be shown', () => {
    const random = seededRandom('compare/wide');
    const noisy = (): Side => ({
      ...before8,
      differences: before8.differences.map((blocks) => blocks.map(() => 400 * random.normal())),
    });
    const c = changeOf(compareCampaigns(noisy(), noisy()).changes, 'felt_p50_shift', 'gateway', 'native');
    assert.equal(c.verdict, 'inconclusive', c.why);
    assert.match(c.why, /is not excluded, and ±0\.\d+ ms was to be shown/);
  });

  it('stands on an arm that is another thing', () => {
    const other = structuredClone(after8);
    const arm = other.manifest.arms.find((a) => a.arm === 'gateway')!;
    arm.subject.system = 'nginx@1.22';
    const { changes, differences } = compareCampaigns(before8, other);
    assert.equal(differences.find((d) => d.what === 'arm gateway')!.weight, 'breaks');
    assert.match(changeOf(changes, 'felt_p50_shift', 'gateway', 'native').why, /arm gateway is another thing in each/);
    assert.equal(changeOf(changes, 'felt_p50_shift', 'passthrough', 'direct').verdict, 'no_difference');
  });

  it('has no pair of equal arms to show what can be told apart', () => {
    const alone = structuredClone(after8);
    alone.analysis.aa = [];
    const c = changeOf(compareCampaigns(before8, alone).changes, 'connected_mean_shift', 'gateway', 'native');
    assert.match(c.why, /^Inconclusive: .* but the pair of equal arms in B: none was weighed\.$/);
    assert.equal(
      changeOf(compareCampaigns(before8, alone).changes, 'error_rate_shift', 'gateway', 'native').verdict,
      changeOf(compareCampaigns(before8, after8).changes, 'error_rate_shift', 'gateway', 'native').verdict,
    );
  });

  it('is smaller than what has to be told apart, and is not called chance', () => {
    const shifted = (by: number): Side => ({
      ...before8,
      differences: before8.differences.map((blocks, k) => blocks.map((_, i) => k + ((i * 7) % 8) / 10 + by)),
    });
    const c = changeOf(compareCampaigns(shifted(0), shifted(80)).changes, 'felt_p50_shift', 'gateway', 'native');
    assert.ok(c.ci95![0] > 0 && c.estimate! < c.h!);
    assert.equal(c.verdict, 'no_difference', c.why);
    const wide = changeOf(
      compareCampaigns(shifted(0), shifted(c.h! - 0.05)).changes,
      'felt_p50_shift',
      'gateway',
      'native',
    );
    assert.equal(wide.verdict, 'inconclusive', wide.why);
    assert.ok(wide.p_adjusted! <= 0.05, `${wide.p_adjusted}`);
    assert.doesNotMatch(wide.why, /by chance/);
  });
});

describe('how the campaigns differ', () => {
  const changed = (change: (m: Side['manifest']) => void): Side => {
    const next = structuredClone(before8);
    change(next.manifest);
    return next;
  };

  it('not at all', () => {
    const { differences, standing, changes } = compareCampaigns(before8, structuredClone(before8));
    assert.deepEqual(differences, []);
    assert.equal(standing, 'meaningful');
    assert.ok(changes.every((c) => c.verdict !== 'larger' && c.verdict !== 'smaller'));
  });

  it('in what may be under test', () => {
    const { differences, standing, why } = compareCampaigns(
      before8,
      changed((m) => {
        m.weighbridge.commit = '1'.repeat(40);
        m.arms.find((a) => a.arm === 'gateway')!.subject.system = 'weighbridge-gateway@0.2.0';
      }),
    );
    assert.deepEqual(
      differences.map((d) => [d.what, d.weight]),
      [
        ['commit', 'subject'],
        ['arm gateway', 'subject'],
      ],
    );
    assert.equal(standing, 'meaningful');
    assert.match(why, /^Under test: commit, arm gateway\./);
  });

  it('in how an arm is set up', () => {
    const { differences, why } = compareCampaigns(
      before8,
      changed((m) => {
        m.arms.find((a) => a.arm === 'gateway')!.audit = 'group_commit';
      }),
    );
    assert.deepEqual(
      differences.map((d) => [d.what, d.weight]),
      [['arm gateway', 'subject']],
    );
    assert.match(differences[0]!.b, /audit group_commit/);
    assert.match(why, /^Under test: arm gateway\./);
  });

  it('in what moves figures a little', () => {
    const { standing, why } = compareCampaigns(
      before8,
      changed((m) => {
        m.environment.kernel = 'other';
        m.plan.rounds = 30;
      }),
    );
    assert.equal(standing, 'with_care');
    assert.match(why, /kernel, which can move figures too/);
  });

  it('in the machine: then nothing is decided, and the figures still stand there', () => {
    const { standing, why, changes } = compareCampaigns(before8, {
      ...after8,
      manifest: { ...after8.manifest, environment: { ...after8.manifest.environment, cpu: 'another' } },
    });
    assert.equal(standing, 'not_meaningful');
    assert.match(why, /The machines differ \(cpu\)/);
    assert.ok(changes.length > 0 && changes.every((c) => c.verdict === 'inconclusive'));
    assert.ok(changeOf(changes, 'felt_p50_shift', 'gateway', 'native').ci95);
  });

  it('in all that they compare', () => {
    const other = structuredClone(before8);
    for (const c of other.analysis.comparisons) c.workload = 'another';
    const { standing, changes, only } = compareCampaigns(before8, other);
    assert.deepEqual([standing, changes.length], ['not_meaningful', 0]);
    assert.equal(only.a, before8.analysis.comparisons.length);
  });

  it('in that one decides nothing by itself', () => {
    const other = structuredClone(before8);
    other.analysis.warnings.push({ code: 'every_block_void', message: '', mend: '', caps: [] });
    const { standing, why } = compareCampaigns(before8, other);
    assert.equal(standing, 'not_meaningful');
    assert.match(why, /every block void/);
  });
});

describe('nothing changed', () => {
  it('is what comes out of campaigns that differ by their blocks’ chance alone, however many figures they have', () => {
    const random = seededRandom('compare/nothing-changed');
    const noise = (blocks: readonly number[]) => blocks.map(() => 200 * random.normal());
    const chance = (): Side => ({ ...before8, differences: before8.differences.map(noise) });
    let wrong = 0;
    let alone = 0;
    const campaigns = 60;
    for (let i = 0; i < campaigns; i++) {
      const { changes } = compareCampaigns(chance(), chance());
      const timed = changes.filter((c) => c.method === 'mann_whitney');
      assert.ok(timed.length > 50);
      if (timed.some((c) => c.verdict === 'larger' || c.verdict === 'smaller')) wrong++;
      if (timed.some((c) => c.ci95![0] > 0 || c.ci95![1] < 0)) alone++;
    }
    assert.ok(alone > campaigns / 2, `each at 95 % would have named a change in ${alone} of ${campaigns}`);
    // 5 % of 60 are 3; more than 8 come with a chance of 0.4 %.
    assert.ok(wrong <= 8, `${wrong} of ${campaigns}`);
  });

  it('is not said of a change that chance alone may give among so many', () => {
    const { changes } = compareCampaigns(before8, after8);
    for (const c of changes.filter((x) => x.p_adjusted !== null && x.p_adjusted > 0.05))
      assert.ok(c.verdict !== 'larger' && c.verdict !== 'smaller', c.why);
  });

  it('is called chance where an interval leaves zero out and the change does not stand among the others', () => {
    const random = seededRandom('compare/called-chance');
    const noise = (): Side => ({
      ...before8,
      differences: before8.differences.map((blocks) => blocks.map(() => 200 * random.normal())),
    });
    const { changes } = compareCampaigns(noise(), noise());
    const alone = changes.filter(
      (c) => c.method === 'mann_whitney' && (c.ci95![0] > 0 || c.ci95![1] < 0) && c.p_adjusted! > 0.05,
    );
    const undoubted = alone.filter((c) => !c.why.includes(', but '));
    assert.ok(undoubted.length > 0);
    for (const c of undoubted) assert.match(c.why, /some come out like this by chance/);
  });
});
