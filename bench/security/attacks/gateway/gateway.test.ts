/** Every attack on the gateway's side, on each arm as it is; then with the one control off that stops it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { GatewayConfig } from '#contract/config.ts';
import { type Cell, cellSchema } from '#contract/security.ts';
import type { Settings } from '#contract/settings.ts';
import { builtinArms } from '../../../campaign/config/builtin.ts';
import { Supervisor } from '../../../campaign/supervise.ts';
import type { Attack } from '../../attack.ts';
import { type ArmRange, openRange } from '../../range.ts';
import { gatewayAttacks } from './index.ts';
import { wayIn } from './means/enclosure.ts';

const supervisor = new Supervisor();
const attackOf = (id: string): Attack => gatewayAttacks.find((attack) => attack.id === id)!;

type Controls = GatewayConfig['controls'];

/** What is turned off. */
interface Change {
  controls?: (own: Controls) => Controls;
  /** Of `config.yaml`. */
  settings?: Partial<Settings>;
}

/** One range for many attacks, as a campaign has it. */
class Place {
  readonly #dir = mkdtempSync(join(tmpdir(), 'attacks-'));
  readonly #arm: string;
  #range: ArmRange | undefined;

  constructor(arm: string) {
    this.#arm = arm;
  }

  async open({ controls = (own) => own, settings = {} }: Change = {}): Promise<void> {
    this.#range = await openRange({
      supervisor,
      spec: { ...builtinArms.get(this.#arm)!, settings },
      dir: this.#dir,
      seed: 'test',
      gateway: (config) => ({ ...config, controls: controls(config.controls) }),
    });
  }

  async carryOut(id: string): Promise<Cell> {
    const attack = attackOf(id);
    const why = attack.notApplicable?.(builtinArms.get(this.#arm)!);
    if (why !== undefined) {
      const empty = { by: null, tries: 0, succeeded: 0, time_to_stop_ms: null, belief: null, trace_id: null };
      return { arm: this.#arm, outcome: 'not_applicable', ...empty, evidence: [], why };
    }
    const { range, end } = await this.#range!.forAttack(id);
    const cell = cellSchema.parse({ arm: this.#arm, ...(await attack.carryOut(range)) });
    await end();
    return cell;
  }

  async close(): Promise<void> {
    await this.#range?.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

const canEnclose = 'command' in wayIn();
const canLimit = spawnSync('prlimit', ['--version']).status === 0;
/** What this machine may not allow. */
const missing: Record<string, boolean> = {
  'dials-past-an-enforced-gateway': !canEnclose,
  'audit-store-fails': !canLimit,
  'approval-store-fails': !canLimit,
};

const shown = ({ outcome, by }: Cell): string => (by === null ? outcome : `${outcome} by ${by}`);
const open = 'not_stopped';
const none = 'not_applicable';
const agent = 'stopped by agent';
const gateway = 'stopped by gateway';
const tools = 'stopped_elsewhere by tools';
const network = 'stopped_elsewhere by network';

/** In the order of `arms`. */
const arms = ['direct', 'native', 'passthrough', 'gateway', 'layered'];
const expected: Record<string, readonly string[]> = {
  'same-request-two-plugins': [open, agent, open, open, agent],
  'another-framework-pays': [open, open, open, gateway, gateway],
  'payment-above-threshold': [open, agent, open, gateway, agent],
  'payment-without-approval': [open, open, open, gateway, gateway],
  'approval-replayed': [open, open, open, gateway, gateway],
  'one-time-code-replayed': [open, open, open, gateway, gateway],
  'budget-overrun': [open, open, open, gateway, gateway],
  'calls-flooded': [open, open, open, gateway, gateway],
  'dials-past-the-gateway': [none, none, open, tools, tools],
  'dials-past-an-enforced-gateway': [none, none, network, network, network],
  'audit-log-edited': [none, none, open, gateway, gateway],
  'audit-log-cut': [none, none, open, gateway, gateway],
  'audit-log-rewritten': [none, none, open, gateway, gateway],
  'audit-store-fails': [none, none, open, gateway, gateway],
  'policy-engine-fails': [none, none, open, gateway, gateway],
  'vault-fails': [none, none, none, gateway, gateway],
  'approval-store-fails': [none, none, open, gateway, gateway],
  'refused-request-reaches-nothing': [none, none, open, gateway, gateway],
  'missing-header': [open, open, open, gateway, gateway],
  'denied-endpoint-hammered': [open, agent, open, gateway, agent],
  'work-after-a-refusal': [open, agent, open, open, agent],
  'gateway-killed': [none, none, open, gateway, agent],
};

test('every attack has its row', () => {
  assert.deepEqual(Object.keys(expected), [...gatewayAttacks.map(({ id }) => id)]);
});

/** Those that tell something there which the other arms do not; a campaign carries out all of them everywhere. */
const telling: Record<string, readonly string[]> = {
  direct: [
    'same-request-two-plugins',
    'another-framework-pays',
    'payment-above-threshold',
    'denied-endpoint-hammered',
    'work-after-a-refusal',
    'gateway-killed',
  ],
  passthrough: [
    'dials-past-the-gateway',
    'dials-past-an-enforced-gateway',
    'audit-log-edited',
    'audit-store-fails',
    'policy-engine-fails',
    'refused-request-reaches-nothing',
    'gateway-killed',
  ],
  layered: [
    'same-request-two-plugins',
    'another-framework-pays',
    'payment-above-threshold',
    'payment-without-approval',
    'dials-past-the-gateway',
    'missing-header',
    'denied-endpoint-hammered',
    'work-after-a-refusal',
    'gateway-killed',
  ],
};

for (const [column, arm] of arms.entries()) {
  describe(`arm ${arm}`, () => {
    const place = new Place(arm);
    before(() => place.open());
    after(() => place.close());
    for (const id of telling[arm] ?? gatewayAttacks.map((attack) => attack.id)) {
      test(id, async () => {
        const cell = await place.carryOut(id);
        const told = JSON.stringify(cell, null, 1);
        assert.equal(shown(cell), missing[id] && cell.tries === 0 ? none : expected[id]![column], told);
        if (cell.outcome === none) return;
        assert.ok(cell.tries > 0 && cell.evidence.length > 0, told);
        assert.equal(cell.outcome === open, cell.succeeded > 0, told);
        // What agents call their tasks reaches the gateway's costs.
        if (id === 'budget-overrun' && cell.outcome !== open)
          assert.match(
            told,
            /2000 of 2000 cents: (?:task-of-attack-\d+ 100, ){3}17 more tasks 1700; refused: 180 calls/,
          );
        // Silence is the second factor's own, whatever a young gateway asks of proofs before.
        if (id === 'missing-header' && cell.outcome !== open)
          assert.match(told, /in silence: (?:.*; )?request files\.delete_file deny gateway\/second_factor/);
        assert.doesNotMatch(told, /eyJ|Bearer [A-Za-z0-9]/, 'a token stands in the finding');
      });
    }
  });
}

const without =
  (...names: (keyof Controls)[]) =>
  (own: Controls): Controls =>
    Object.fromEntries(Object.entries(own).filter(([name]) => !names.includes(name as keyof Controls)));

/** With this much off, and nothing else, these attacks are not stopped any more. */
const off: ({ what: string; arm: string; ids: string[] } & Change)[] = [
  {
    what: 'policy, and what would ask a human in its place',
    arm: 'gateway',
    controls: without('policy', 'approval', 'second_factor'),
    ids: [
      'another-framework-pays',
      'payment-above-threshold',
      'policy-engine-fails',
      'denied-endpoint-hammered',
      'refused-request-reaches-nothing',
      'gateway-killed',
    ],
  },
  {
    // Each attack has a gateway of its own, on which of these only the one that it attacks could be.
    what: 'approval, second_factor, budget, rate limit and checkpoints',
    arm: 'gateway',
    controls: ({ approval: _approval, second_factor: _codes, budget: _budget, rate_limit: _rate, audit, ...own }) => ({
      ...own,
      audit: { file: audit!.file, mode: audit!.mode },
    }),
    ids: [
      'payment-without-approval',
      'approval-replayed',
      'approval-store-fails',
      'one-time-code-replayed',
      'missing-header',
      'budget-overrun',
      'calls-flooded',
      'audit-log-cut',
      'audit-log-rewritten',
    ],
  },
  { what: 'audit', arm: 'gateway', controls: without('audit'), ids: ['audit-log-edited', 'audit-store-fails'] },
  {
    what: 'plugins.enforce_manifest_permissions',
    arm: 'native',
    settings: { 'plugins.enforce_manifest_permissions': false },
    ids: ['same-request-two-plugins', 'payment-above-threshold'],
  },
];

test('vault-fails, on a gateway without credentials of its own: the tools refuse', async () => {
  const place = new Place('gateway');
  await place.open({ controls: without('credentials') });
  try {
    assert.equal(shown(await place.carryOut('vault-fails')), tools);
  } finally {
    await place.close();
  }
});

for (const { what, arm, ids, ...change } of off) {
  describe(`arm ${arm} without ${what}`, () => {
    const place = new Place(arm);
    before(() => place.open(change));
    after(() => place.close());
    for (const id of ids) {
      test(id, async () => {
        const cell = await place.carryOut(id);
        assert.equal(shown(cell), open, JSON.stringify(cell, null, 1));
      });
    }
  });
}
