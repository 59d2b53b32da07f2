/** What stands although blocks follow from one another. Simulated from fixed seeds, at the worst place: truth on the edge. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#contract/random.ts';
import { standsInDoubt } from './doubt.ts';
import { hodgesLehmann } from './location.ts';
import { signedRankInterval } from './signedRank.ts';
import { decide, type Region } from './verdict.ts';
import { serialWarning, serialWidening } from './warnings.ts';

const figure = { differences: [8, 9, 10, 11, 12], estimate: 10, interval: { lo: 9, hi: 11 } };

describe('a doubtful figure', () => {
  for (const [what, widening, region, stands] of [
    ['inside, as wide as the margin', 5, [5, 15], true],
    ['inside, wider than the margin', 5.1, [5, 15], false],
    ['inside, but not with every block', 1, [8.5, 15], false],
    ['below the margin', 3, [13.1, null], true],
    ['below the margin, but not by so much', 4, [13.1, null], false],
    ['above the margin', 3, [null, 6.9], true],
    ['above the margin, but not with every block', 1, [null, 8], false],
    ['as wide as may be', Infinity, [-1e9, 1e9], false],
  ] as const) {
    it(`${what}: ${stands ? 'stands' : 'does not stand'}`, () =>
      assert.equal(standsInDoubt({ ...figure, widening }, region), stands));
  }

  it('on both sides of the margin does not stand, although no block lies inside', () => {
    const differences = [1, 2, 18, 19, 20];
    assert.equal(
      standsInDoubt({ differences, estimate: 18, interval: { lo: 17, hi: 19 }, widening: 1 }, [5, 15]),
      false,
    );
  });
});

describe('the width that lag-1 asks for', () => {
  // √((1 + ρ)/(1 − ρ)) for ρ = 0.6 is 2, for ρ = 0.8 it is 3.
  for (const [value, limit, times] of [
    [0.4, 0.2, 2],
    [0.5, 0.3, 3],
    [0.7, 0.3, Infinity],
    [NaN, 0.3, Infinity],
  ] as const) {
    it(`${value} above ${limit}: ${times} times`, () => {
      const got = serialWidening({ fired: true, value, limit });
      assert.ok(got === times || Math.abs(got - times) < 1e-12, `${got}`);
    });
  }

  it('at or below its limit: once', () => assert.equal(serialWidening({ fired: false, value: 0.2, limit: 0.3 }), 1));

  it('of as few blocks as a quick campaign has: always infinite', () => {
    for (const blocks of [8, 12, 16]) {
      const limit = 2 / Math.sqrt(blocks);
      assert.equal(serialWidening({ fired: true, value: limit + 1e-9, limit }), Infinity);
    }
  });
});

const edge: Region = [0, null];

/** Blocks that follow from the one before, and a share of their variance that does not. */
function blocksOf(seed: string, { rho, share, count }: { rho: number; share: number; count: number }) {
  const random = seededRandom(seed);
  return () => {
    let state = random.normal();
    return Array.from({ length: count }, (_, i) => {
      if (i > 0) state = rho * state + Math.sqrt(1 - rho * rho) * random.normal();
      return Math.sqrt(share) * state + Math.sqrt(1 - share) * random.normal();
    });
  };
}

/** Of campaigns whose lag-1 fires, the share that decides on which side of the edge the truth lies; and of all that would, unwarned. */
function wronged(seed: string, shape: { rho: number; share: number; count: number }, runs = 800) {
  const draw = blocksOf(seed, shape);
  let fired = 0;
  let stood = 0;
  let unwarned = 0;
  for (let run = 0; run < runs; run++) {
    const differences = draw();
    const interval = signedRankInterval(differences, 0.9)!;
    if (decide({ intervals90: [interval], region: edge, capped: [] }).verdict !== 'inconclusive') unwarned++;
    const serial = serialWarning(differences);
    if (!serial.fired) continue;
    fired++;
    const widening = serialWidening(serial);
    if (standsInDoubt({ differences, estimate: hodgesLehmann(differences), interval, widening }, edge)) stood++;
  }
  return { fired, stood: stood / Math.max(1, fired), unwarned: unwarned / runs };
}

describe('where the truth lies on the very edge of a margin', () => {
  for (const count of [20, 60]) {
    for (const [rho, share, most] of [
      [0.6, 1, 0.1],
      [0.8, 1, 0.1],
      [0.9, 1, 0.1],
      [0.95, 1, 0.1],
      [0.95, 0.8, 0.1],
      [0.98, 0.97, 0.15],
    ] as const) {
      it(`${count} blocks of lag-1 ${rho}${share < 1 ? ` and ${share} of their variance` : ''}: few decide that are in doubt, most would unwarned`, () => {
        const { fired, stood, unwarned } = wronged(`doubt/${count}/${rho}/${share}`, { rho, share, count });
        assert.ok(fired > 100, `${fired}`);
        assert.ok(stood <= most, `${stood} of ${fired}`);
        assert.ok(unwarned > 0.35, `${unwarned}`);
      });
    }
  }

  it('one deviation of a block away from it no campaign’s figure stands; ten away it stands as a rule', () => {
    const draw = blocksOf('doubt/far', { rho: 0.6, share: 1, count: 60 });
    let near = 0;
    let far = 0;
    for (let run = 0; run < 200; run++) {
      const around = draw();
      for (const away of [1, 10]) {
        const differences = around.map((d) => d + away);
        const interval = signedRankInterval(differences, 0.9)!;
        const widening = serialWidening(serialWarning(differences));
        const stands = standsInDoubt({ differences, estimate: hodgesLehmann(differences), interval, widening }, edge);
        if (stands && away === 1) near++;
        if (stands && away === 10) far++;
      }
    }
    assert.equal(near, 0);
    assert.ok(far >= 190, `${far}`);
  });
});
