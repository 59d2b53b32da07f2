import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Analysis } from '#contract/analysis.ts';
import type { Manifest } from '#contract/manifest.ts';
import { comparisonsOfClaim } from './claims.ts';
import type { SyntheticArm, SyntheticOptions } from './synthetic.ts';
import { arms, campaigns, claims, figures, latency, lifecycle, near, shift, verdict } from './testing.ts';

const { campaign } = campaigns();

describe('401s', () => {
  const every10th = "phase = 'lifecycle' AND position % 10 = 0";
  const faults: SyntheticOptions['faults'] = [];
  let analysis: Analysis;
  let manifest: Manifest;
  before(async () => {
    // The lifecycle session is the second of a block, and its slices are 0.7 s apart: one fault while it runs, one long after.
    for (let block = 0; block < 7; block++) {
      const at = (s: number): string =>
        String(
          1_700_000_000_000_000_000n +
            BigInt(block) * 3_600_000_000_000n +
            600_000_000_000n +
            BigInt(s) * 1_000_000_000n,
        );
      for (const arm of ['direct', 'native']) {
        faults.push({ block, arm, leg: 'agent', kind: 'expired', round: 2, at_ns: at(10) });
        faults.push({ block, arm, leg: 'agent', kind: 'expired', round: 9, at_ns: at(2_000) });
        faults.push({ block, arm, leg: 'agent', kind: 'revoked', round: 5, at_ns: at(20) });
      }
      faults.push({ block, arm: 'gateway', leg: 'gateway', kind: 'expired', round: 2, at_ns: at(10) });
      faults.push({ block, arm: 'gateway', leg: 'agent', kind: 'expired', round: 2, at_ns: at(10) });
    }
    const own: Record<string, Partial<SyntheticArm>> = {
      direct: { touched_agent: every10th, over_broad: 'true' },
      passthrough: { touched_agent: every10th },
      gateway: { touched_gateway: every10th },
      'native-regressed': { touched_agent: "phase = 'lifecycle' AND round % 2 = 0 AND position < 5" },
      native: {},
    };
    const lived = [
      ...arms.filter((a) => a.arm in own || a.arm === 'layered' || a.arm === 'direct-b'),
      { arm: 'native-regressed', controls: 'regressed' as const, gateway: 'none' as const },
    ].map((a) => ({ ...a, ...own[a.arm] }));
    ({ analysis, manifest } = await campaign({
      arms: lived,
      blocks: 7,
      sessions: [latency, lifecycle],
      claims,
      faults,
      voided: [3],
    }));
  });
  const calls = 6 * 10 * 20;

  it('are rated over the calls of the lifecycle phase, without the voided block', () => {
    const { retry401 } = figures(analysis, 'direct', 'lifecycle');
    assert.equal(retry401.rate, 0.1);
    assert.deepEqual(retry401.funnel, { calls, touched: calls / 10, recovered: calls / 10, not_recovered: 0 });
    assert.deepEqual(retry401.amplification, { agent: 1.1, gateway: null });
    assert.deepEqual(retry401.causes, [{ leg: 'agent', cause: 'expired', count: calls / 10 }]);
    assert.ok(retry401.ci95![0] <= 0.1 && 0.1 <= retry401.ci95![1]);
  });

  it('on the gateway’s leg never reach the agent', () => {
    const { retry401 } = figures(analysis, 'gateway', 'lifecycle');
    assert.equal(retry401.rate, 0);
    assert.deepEqual(retry401.amplification, { agent: 1, gateway: 1.1 });
    assert.deepEqual(retry401.causes, [{ leg: 'gateway', cause: 'expired', count: calls / 10 }]);
    assert.equal(retry401.funnel.touched, calls / 10);
    assert.ok(retry401.ci95![0] === 0 && retry401.ci95![1] > 0, 'none seen is not none');
  });

  it('that a gateway passes on count once, on the agent’s leg', () => {
    const { retry401 } = figures(analysis, 'passthrough', 'lifecycle');
    assert.deepEqual(retry401.causes, [{ leg: 'agent', cause: 'expired', count: calls / 10 }]);
    assert.deepEqual(retry401.amplification, { agent: 1.1, gateway: 1.1 });
  });

  it('in a row are loops', () => {
    assert.equal(
      figures(analysis, 'native-regressed', 'lifecycle').retry401.loops,
      6 * 5,
      'one task of five calls in every second round',
    );
    assert.equal(figures(analysis, 'direct', 'lifecycle').retry401.loops, 0);
  });

  it('belong to the fault of their kind and leg', () => {
    const { episodes } = figures(analysis, 'direct', 'lifecycle').retry401;
    // The expiry near the calls surfaced, the one long after did not, and no 401 was of a revocation.
    assert.deepEqual([episodes.n, episodes.with_401], [18, 6]);
    const native = figures(analysis, 'native', 'lifecycle').retry401.episodes;
    assert.deepEqual([native.n, native.with_401], [18, 0]);
    assert.ok(native.ci95![1] > 0.1);
    const gateway = figures(analysis, 'gateway', 'lifecycle').retry401.episodes;
    assert.deepEqual([gateway.n, gateway.with_401], [12, 6]);
  });

  it('cost time, and are counted beside tokens that are too broad', () => {
    const direct = figures(analysis, 'direct', 'lifecycle').retry401;
    // A first try of 100 µs wire and 15 µs check, and a refresh of 900 µs.
    near(direct.time_lost_us, 1_015, 15);
    assert.deepEqual([direct.over_broad.calls, direct.over_broad.of], [calls, calls]);
    assert.equal(figures(analysis, 'native', 'lifecycle').retry401.over_broad.calls, 0);
  });

  it('decide the claim on the fix', () => {
    const difference = shift(analysis, 'retry401_shift', 'native', 'native-regressed');
    assert.equal(difference.estimate, -0.125);
    assert.equal(difference.blocks, 6);
    const c3 = verdict(analysis, 'C3');
    assert.equal(c3.verdict, 'confirmed');
    assert.ok(c3.evidence.some((e) => e.label === 'loops of native-regressed' && e.estimate === 30));
  });

  it('and the errors beside them are claimed of the lifecycle alone, and required of every phase', () => {
    const c6 = verdict(analysis, 'C6');
    assert.doesNotMatch(c6.why, /Capped/);
    const pointers = c6.evidence.map((e) => e.pointer).filter((p) => p.startsWith('/comparisons/'));
    const phases = (found: readonly { phase: string }[]): string[] => found.map((c) => c.phase);
    assert.deepEqual(phases(pointers.map((p) => analysis.comparisons[Number(p.split('/')[2])]!)), ['lifecycle']);
    const claim = manifest.claims.find((c) => c.claim === 'C6')!;
    assert.deepEqual(phases(comparisonsOfClaim(manifest, claim, analysis.comparisons)), ['lifecycle']);
    const named = { threshold: 'decision.error_rate_shift', metric: claim.metric, compare: claim.compare };
    const required = { ...manifest, thresholds: [named as Manifest['thresholds'][number]] };
    const asClaim = { ...claim, claim: named.threshold };
    assert.deepEqual(phases(comparisonsOfClaim(required, asClaim, analysis.comparisons)), ['latency', 'lifecycle']);
  });
});

it('a lifecycle in which no token expired or was revoked shows nothing of the errors that come of it', async () => {
  const { analysis } = await campaign({ sessions: [lifecycle], claims });
  const { verdict: decided, why } = verdict(analysis, 'C6');
  assert.equal(decided, 'inconclusive');
  assert.match(why, /Capped: no token of either arm expired or was revoked\./);
});
