/** The command as a user meets it. Of the attacks only one is carried out here: they have tests of their own. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { citedRecordSchema, securitySchema } from '#contract/security.ts';
import { childrenOf, scratch, start, survivors, weighbridge } from '../../test/campaign/harness.ts';

const place = scratch();
after(() => place.remove());
const one = ['attack', '--arms', 'native', '--attacks', 'stolen-access-token'];

describe('weighbridge attack', () => {
  it('shows a stopped attack as stopped, and says nothing more', async () => {
    const { code, stdout, stderr } = await weighbridge(one);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^attack +native\nstolen-access-token {2}stopped\n$/);
  });

  it('a control turned off in config.yaml turns its cell red, with the reason', async () => {
    const file = join(place.dir, 'config.yaml');
    writeFileSync(file, 'security:\n  oauth:\n    token_binding: off\n');
    const { code, stdout, stderr } = await weighbridge([...one, '--config', file]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /stolen-access-token {2}NOT stopped\n\nstolen-access-token on native: 1 of 2 succeeded/);
  });

  it('a control of the gateway that is left out turns its cell red, and what its trace left is kept where asked', async () => {
    const evidence = join(place.dir, 'evidence.ndjson');
    const { code, stdout, stderr } = await weighbridge([
      ...[
        'attack',
        '--arms',
        'gateway',
        '--attacks',
        'another-framework-pays',
        '--without',
        'policy,second_factor,approval',
      ],
      ...['--evidence', evidence, '--json'],
    ]);
    assert.equal(code, 0, stderr);
    const cell = securitySchema.parse(JSON.parse(stdout)).attacks[0]!.cells[0]!;
    assert.equal(cell.outcome, 'not_stopped', cell.why);
    const records = readFileSync(evidence, 'utf8').split('\n').slice(0, -1);
    assert.ok(records.length > 0);
    for (const line of records) assert.equal(citedRecordSchema.parse(JSON.parse(line)).trace_id, cell.trace_id);
  });

  it('refuses what it does not know, by name', async () => {
    const file = join(place.dir, 'wrong.yaml');
    writeFileSync(file, 'security:\n  oauth:\n    pkce: true\n');
    for (const [args, said] of [
      [['--arms', 'mine'], /no built-in arm mine/],
      [['--attacks', 'sun-flare'], /no attack sun-flare[\s\S]*stolen-access-token/],
      [['--without', 'bearer'], /no control bearer[\s\S]*policy/],
      [['--config', file], /unknown key security\.oauth\.pkce/],
    ] as const) {
      const { code, stderr } = await weighbridge(['attack', ...args]);
      assert.equal(code, 104, stderr);
      assert.match(stderr, said);
    }
  });

  it('Ctrl-C ends it with 105 and leaves no process behind', async () => {
    const running = start(['attack', '--arms', 'layered,gateway', '--json']);
    let children: number[] = [];
    while (children.length < 4) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      children = childrenOf(running.child.pid!);
    }
    running.child.kill('SIGINT');
    const { code, stdout } = await running.ended;
    assert.equal(code, 105);
    assert.equal(stdout, '');
    assert.deepEqual(await survivors(children), []);
  });
});
