/**
 * A gateway of its own process, which dies where it is told to: `node testing_gateway.ts UPSTREAM FILE WHERE BATCH` prints
 * its URL. WHERE is `half` (half of the batch is written), `written` (all of it, but not synced), `synced` (durable, but
 * nobody was told), or `never`. It ends when its standard input does.
 */
import { startGateway } from '../gateway.ts';
import type { AuditFile } from './file.ts';
import { GroupCommitAudit } from './groupCommit.ts';
import { openState } from './open.ts';

const [upstream = '', path = '', where = 'never', at = '0'] = process.argv.slice(2);
const state = await openState({ file: path, mode: 'group_commit' });
const { file } = state;
let batch = 0;

const die = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
};

const dying: AuditFile = {
  async write(data, offset) {
    batch++;
    if (batch === Number(at) && where === 'half') {
      const half = Math.floor(data.length / 2);
      // Within a record: between two of them nothing would be torn.
      const cut = data[half - 1] === 0x0a ? half - 1 : half;
      await file.write(data.subarray(0, cut), offset);
      return die();
    }
    return file.write(data, offset);
  },
  async sync() {
    if (batch === Number(at) && where === 'written') return die();
    await file.sync();
    if (batch === Number(at) && where === 'synced') return die();
  },
  truncate: (length) => file.truncate(length),
  close: () => file.close(),
};

const gateway = await startGateway(
  { telemetry: { service: 'gateway', instance: 'test', mode: 'off' }, upstream, controls: {} },
  { audit: new GroupCommitAudit({ ...state, file: dying }) },
);
process.stdout.write(`${gateway.url}\n`);
process.stdin.on('end', () => void gateway.close().then(() => process.exit(0))).resume();
