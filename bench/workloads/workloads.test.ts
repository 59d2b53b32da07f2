import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { PlannedCall, PlannedTask } from '#contract/calls.ts';
import { seededRandom } from '#contract/random.ts';
import { operationByName, operations } from '#contract/tools.ts';
import { workloads } from './index.ts';
import { pluginOperations } from './workload.ts';

fc.configureGlobal({ seed: 20_260 });

const callsOf = (tasks: PlannedTask[]): PlannedCall[] => tasks.flatMap((t) => t.stages.flat());
const draw = (name: string, seed: string, calls: number, prefix = 'b0r0'): PlannedTask[] =>
  workloads.get(name)!.slice(seededRandom(seed), calls, prefix);
const anySlice = fc.record({ seed: fc.string(), calls: fc.integer({ min: 0, max: 130 }) });

it('the built-in workloads stand under their own names', () => {
  assert.deepEqual([...workloads.keys()], ['tool-chain', 'fan-out', 'assistant-day']);
  for (const [name, workload] of workloads) assert.equal(workload.name, name);
});

it('every operation of the catalogue belongs to exactly one plugin', () => {
  const owned = Object.values(pluginOperations).flat();
  assert.deepEqual([...owned].sort(), operations.map((o) => o.name).sort());
});

for (const name of workloads.keys()) {
  describe(name, () => {
    it('draws exactly the calls asked for, numbered in start order, with unique ids', () => {
      fc.assert(
        fc.property(anySlice, ({ seed, calls }) => {
          const drawn = callsOf(draw(name, seed, calls, 'x'));
          assert.deepEqual(
            drawn.map((c) => c.position),
            Array.from({ length: calls }, (_, i) => i),
          );
          assert.equal(new Set(drawn.map((c) => c.call_id)).size, calls);
          const width = Math.max(2, String(calls - 1).length);
          for (const c of drawn) assert.equal(c.call_id, `x-p${String(c.position).padStart(width, '0')}`);
        }),
      );
    });

    it('has no empty task or stage, and task names are unique', () => {
      fc.assert(
        fc.property(anySlice, ({ seed, calls }) => {
          const tasks = draw(name, seed, calls);
          assert.equal(new Set(tasks.map((t) => t.task)).size, tasks.length);
          for (const task of tasks) {
            assert.ok(task.stages.length > 0);
            for (const stage of task.stages) assert.ok(stage.length > 0);
          }
        }),
      );
    });

    it('draws the same calls from the same seed, and others from another', () => {
      fc.assert(
        fc.property(fc.string(), fc.string(), (a, b) => {
          assert.deepEqual(draw(name, a, 25), draw(name, a, 25));
          if (a !== b) assert.notDeepEqual(draw(name, a, 25), draw(name, b, 25));
        }),
        { numRuns: 50 },
      );
    });

    it('plans only operations of the catalogue, by the plugin that owns them, with their class', () => {
      fc.assert(
        fc.property(anySlice, ({ seed, calls }) => {
          for (const call of callsOf(draw(name, seed, calls))) {
            const full = `${call.tool}.${call.operation}`;
            const operation = operationByName.get(full);
            assert.ok(operation, full);
            assert.equal(call.class, operation.class);
            const owned: readonly string[] = pluginOperations[call.plugin as keyof typeof pluginOperations];
            assert.ok(owned.includes(full), `${call.plugin} does not own ${full}`);
            assert.equal('id' in call.args, operation.path.includes('{id}'), full);
          }
        }),
      );
    });

    it('draws flat, printable ASCII arguments and whole numbers; no payment above 200.00', () => {
      fc.assert(
        fc.property(anySlice, ({ seed, calls }) => {
          for (const call of callsOf(draw(name, seed, calls))) {
            for (const value of Object.values(call.args)) {
              if (typeof value === 'string') assert.match(value, /^[\x20-\x7e]+$/);
              else assert.ok(Number.isSafeInteger(value));
            }
            if (call.class === 'pay') {
              const cents = call.args.amount_cents;
              assert.ok(typeof cents === 'number' && cents > 0 && cents <= 20_000, String(cents));
            }
          }
        }),
      );
    });

    it('refuses a count that is no whole number', () => {
      for (const calls of [-1, 2.5, Number.NaN]) assert.throws(() => draw(name, 's', calls), RangeError);
    });
  });
}

describe('the shapes', () => {
  it('tool-chain: five calls a task, one call a stage', () => {
    const tasks = draw('tool-chain', 'shape', 25);
    assert.equal(tasks.length, 5);
    for (const task of tasks)
      assert.deepEqual(
        task.stages.map((s) => s.length),
        [1, 1, 1, 1, 1],
      );
  });

  it('tool-chain: a slice that is no multiple of five ends with a shorter chain', () => {
    const tasks = draw('tool-chain', 'shape', 12);
    assert.deepEqual(
      tasks.map((t) => t.stages.length),
      [5, 5, 2],
    );
  });

  it('fan-out: one call, then four of different operations at once', () => {
    for (const task of draw('fan-out', 'shape', 50)) {
      assert.deepEqual(
        task.stages.map((s) => s.length),
        [1, 4],
      );
      assert.equal(new Set(task.stages[1]!.map((c) => `${c.tool}.${c.operation}`)).size, 4);
    }
  });

  it('fan-out: what is left is cut within the parallel stage', () => {
    assert.deepEqual(
      draw('fan-out', 'shape', 8).map((t) => t.stages.map((s) => s.length)),
      [
        [1, 4],
        [1, 2],
      ],
    );
  });

  it('assistant-day: over a day, every class, both shapes, and never a task cut short', () => {
    const tasks = Array.from({ length: 40 }, (_, i) => draw('assistant-day', `day/${i}`, 25)).flat();
    const calls = callsOf(tasks);
    for (const cls of ['read', 'write', 'delete', 'pay'])
      assert.ok(
        calls.some((c) => c.class === cls),
        cls,
      );
    assert.ok(tasks.some((t) => t.stages.some((s) => s.length > 1)));
    assert.ok(tasks.some((t) => t.stages.length >= 3));
    for (const task of tasks) {
      const classes = task.stages.flat().map((c) => c.class);
      const opensPayment = task.stages.flat().some((c) => c.operation === 'get_balance');
      if (opensPayment) assert.ok(classes.includes('pay'), `${task.task} was cut before its payment`);
    }
  });
});
