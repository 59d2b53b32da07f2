/** A plugin of the agent's own, manifest and signature untouched, whose code now tells someone what it is asked. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack } from '../../attack.ts';
import { loadForeignCode, tellingCode } from './parts/foreign-code.ts';
import { harmless } from './parts/harmless.ts';
import { copyPlugin, pluginsIn } from './parts/plugins.ts';

export const alteredPlugin: Attack = {
  id: 'altered-plugin',
  title: 'The code of a signed plugin is changed on disk',
  capability: 'plugin_permissions',
  claims: [],
  story: false,
  counts_as_stopped: 'not a line of the changed code runs',
  carryOut(range) {
    const plugins = pluginsIn(range.dir);
    const mark = join(range.dir, 'mark');
    writeFileSync(join(copyPlugin(plugins, 'searcher'), 'plugin.ts'), tellingCode(mark));
    return loadForeignCode(range, {
      plugins,
      mark,
      call: harmless('search.query'),
      why: {
        stopped: 'The agent compares each file with what was signed, and does not start.',
        ran: 'Nobody compares the code with what was signed; it ran in the agent’s process.',
      },
    });
  },
};
