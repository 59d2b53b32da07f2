import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { examine, renderDoctor, report } from './index.ts';
import { floors, judge, limits, type Status } from './judge.ts';
import { isSchedstat, parseAvailable, parseOpenFiles, parseProcessStat, parseStat, parseVersion } from './proc.ts';
import type { Readings } from './readings.ts';

const quiet: Readings = {
  runtime: { version: '24.21.0', pinned: '24.21.0', pinned_binary: true },
  cpu: { cores: 2, model: 'A CPU', governor: null },
  memory: { total_mib: 4_000, available_mib: 3_000 },
  clock: { source: 'tsc', resolution_ns: 30, backwards: 0 },
  timer: { median_late_us: 90, worst_late_us: 400 },
  load: { window_ms: 2_000, steal_share: 0, foreign_share: 0.01, busiest: [] },
  jitter: { lost_share: 0.001, worst_gap_us: 120 },
  disk: { dir: '/somewhere', free_mib: 9_000 },
  open_files: 1_024,
  ports: { asked: 32, bound: 32 },
  schedstat: true,
  optional: [{ program: 'nginx', version: null, used_for: 'comparison' }],
};

const checkOf = (name: string, readings: Partial<Readings>) =>
  judge({ ...quiet, ...readings }).find((c) => c.name === name)!;
const expect = (name: string, status: Status, readings: Partial<Readings>): void => {
  const check = checkOf(name, readings);
  assert.equal(check.status, status, `${name}: ${check.value}`);
  assert.equal(check.mend === '', status === 'ok', `${name} has a mend exactly where it is not ok`);
};

describe('judgement', () => {
  it('a quiet machine passes every check', () => {
    const { fit, status, checks } = report(judge(quiet));
    assert.deepEqual(
      checks.filter((c) => c.status !== 'ok'),
      [],
    );
    assert.equal(fit, true);
    assert.equal(status, 'ok');
  });

  it('a warning leaves it fit, a failure does not', () => {
    assert.deepEqual(pick(report(judge({ ...quiet, open_files: 512 }))), { fit: true, status: 'warn' });
    assert.deepEqual(pick(report(judge({ ...quiet, open_files: 100, schedstat: false }))), {
      fit: false,
      status: 'fail',
    });
  });

  it('runtime: another version fails, another binary of the same warns', () => {
    expect('runtime', 'fail', { runtime: { ...quiet.runtime, version: '24.20.0' } });
    expect('runtime', 'warn', { runtime: { ...quiet.runtime, pinned_binary: false } });
  });

  it('cores: fewer than two fail', () => {
    expect('cores', 'fail', { cpu: { ...quiet.cpu, cores: 1 } });
    expect('cores', 'ok', { cpu: { ...quiet.cpu, cores: 2 } });
  });

  it('governor: performance or none', () => {
    expect('frequency governor', 'ok', { cpu: { ...quiet.cpu, governor: 'performance' } });
    expect('frequency governor', 'warn', { cpu: { ...quiet.cpu, governor: 'powersave' } });
  });

  it('memory: the worse of what there is and what is free', () => {
    expect('memory', 'fail', { memory: { total_mib: 900, available_mib: 3_000 } });
    expect('memory', 'fail', { memory: { total_mib: 4_000, available_mib: floors.available_mib.fail - 1 } });
    expect('memory', 'warn', { memory: { total_mib: 4_000, available_mib: floors.available_mib.fail } });
    expect('memory', 'warn', { memory: { total_mib: 4_000, available_mib: null } });
  });

  it('clock: source, step, and never back', () => {
    expect('clock', 'warn', { clock: { ...quiet.clock, source: 'hpet' } });
    expect('clock', 'warn', { clock: { ...quiet.clock, source: null } });
    expect('clock', 'ok', { clock: { ...quiet.clock, resolution_ns: limits.clock_step_ns.warn } });
    expect('clock', 'warn', { clock: { ...quiet.clock, resolution_ns: limits.clock_step_ns.warn + 1 } });
    expect('clock', 'fail', { clock: { ...quiet.clock, resolution_ns: limits.clock_step_ns.fail + 1 } });
    expect('clock', 'fail', { clock: { ...quiet.clock, backwards: 1 } });
  });

  it('timers and scheduling', () => {
    expect('timers', 'warn', { timer: { median_late_us: 2_500, worst_late_us: 3_000 } });
    expect('timers', 'fail', { timer: { median_late_us: 12_000, worst_late_us: 13_000 } });
    expect('scheduling', 'warn', { jitter: { lost_share: 0.05, worst_gap_us: 100 } });
    expect('scheduling', 'fail', { jitter: { lost_share: 0.2, worst_gap_us: 100 } });
    expect('scheduling', 'fail', { jitter: { lost_share: 0.001, worst_gap_us: 60_000 } });
  });

  it('steal and foreign load; who it was is named', () => {
    expect('CPU steal', 'warn', { load: { ...quiet.load, steal_share: 0.015 } });
    expect('CPU steal', 'fail', { load: { ...quiet.load, steal_share: 0.03 } });
    expect('CPU steal', 'warn', { load: { ...quiet.load, steal_share: null } });
    expect('foreign load', 'warn', { load: { ...quiet.load, foreign_share: 0.03 } });
    expect('foreign load', 'warn', { load: { ...quiet.load, foreign_share: null } });
    const busiest = [{ name: 'indexer', pid: 77, share: 0.9 }];
    const busy = { load: { ...quiet.load, foreign_share: 0.45, busiest } };
    expect('foreign load', 'fail', busy);
    assert.equal(checkOf('foreign load', busy).value, '45.0 % of all CPU time: indexer (77) 90.0 % of a core');
  });

  it('disk, open files, ports, accounting', () => {
    expect('disk', 'warn', { disk: { dir: '.', free_mib: 500 } });
    expect('disk', 'fail', { disk: { dir: '.', free_mib: 100 } });
    expect('disk', 'warn', { disk: { dir: '.', free_mib: null } });
    expect('open files', 'fail', { open_files: 255 });
    expect('open files', 'warn', { open_files: null });
    expect('open files', 'ok', { open_files: Number.POSITIVE_INFINITY });
    expect('loopback ports', 'fail', { ports: { asked: 32, bound: 31 } });
    expect('CPU accounting', 'warn', { schedstat: false });
  });

  it('an optional program that is not here is no reservation', () => {
    assert.equal(checkOf('nginx', {}).status, 'ok');
    assert.match(checkOf('nginx', {}).value, /not here \(optional: comparison\)/);
    assert.equal(
      checkOf('nginx', { optional: [{ program: 'nginx', version: '1.22.1', used_for: 'x' }] }).value,
      '1.22.1',
    );
  });
});

const pick = ({ fit, status }: { fit: boolean; status: Status }) => ({ fit, status });

describe('the texts of /proc', () => {
  it('stat: guests are not counted twice, waiting for I/O is not work', () => {
    const text = 'cpu  10 1 7 100 5 2 3 9 4 1\ncpu0 1 1 1 1 1 1 1 1 0 0\n';
    assert.deepEqual(parseStat(text), { busy: 23, steal: 9, total: 137 });
    assert.equal(parseStat('nothing'), null);
    assert.equal(parseStat(null), null);
  });

  it('a process whose name holds blanks, parentheses and digits', () => {
    const rest = 'S 1 2 3 4 5 6 7 8 9 10 120 34 0 0 20 0 1 0';
    assert.deepEqual(parseProcessStat(`42 (a) 9 (b) ${rest}\n`), { pid: 42, name: 'a) 9 (b', ticks: 154 });
    assert.equal(parseProcessStat('42 (cut'), null);
    assert.equal(parseProcessStat('42 (x) S 1 2'), null);
    assert.equal(parseProcessStat(null), null);
  });

  it('meminfo, limits, schedstat', () => {
    assert.equal(parseAvailable('MemTotal: 9 kB\nMemAvailable:   2097152 kB\n'), 2_048);
    assert.equal(parseAvailable(null), null);
    assert.equal(parseOpenFiles('Max open files            20000                20000                files'), 20_000);
    assert.equal(
      parseOpenFiles('Max open files            unlimited            unlimited            files'),
      Number.POSITIVE_INFINITY,
    );
    assert.equal(parseOpenFiles(''), null);
    assert.equal(isSchedstat('1461284 0 1\n'), true);
    assert.equal(isSchedstat('0 0 0\n'), false);
    assert.equal(isSchedstat(null), false);
  });

  it('versions, as programs say them', () => {
    assert.equal(parseVersion('nginx version: nginx/1.22.1\n'), '1.22.1');
    assert.equal(
      parseVersion('HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/'),
      '2.6.12-1+deb12u4',
    );
    assert.equal(parseVersion('no idea'), null);
  });
});

describe('on this machine', () => {
  it('every reading is there, and the text has a line for each check and the verdict', async () => {
    const examined = await examine({ window_ms: 250 });
    const names = examined.checks.map((c) => c.name);
    assert.deepEqual(
      names,
      judge(quiet)
        .map((c) => c.name)
        .slice(0, -1)
        .concat(['nginx', 'haproxy', 'chromium', 'wrk']),
    );
    assert.equal(examined.fit, !examined.checks.some((c) => c.status === 'fail'));
    const { value } = examined.checks[0]!;
    assert.ok(value.startsWith(`Node ${process.versions.node}, pinned `), value);
    const text = renderDoctor(examined);
    for (const { name, value } of examined.checks) assert.ok(text.includes(name) && text.includes(value));
    assert.match(text, /This machine .*\.$/);
    assert.deepEqual(JSON.parse(JSON.stringify(examined)), examined);
  });

  it('a place that is not there has no free space to tell', async () => {
    const examined = await examine({ window_ms: 100, dir: '/nowhere/at/all' });
    assert.equal(examined.checks.find((c) => c.name === 'disk')!.status, 'warn');
  });
});
