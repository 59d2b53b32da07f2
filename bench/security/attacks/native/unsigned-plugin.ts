/** A plugin that nobody signed lies where the agent looks for its own. */
import { join } from 'node:path';
import { toolsHost } from '../../../campaign/fleet.ts';
import type { Attack } from '../../attack.ts';
import { loadForeignCode, tellingCode } from './parts/foreign-code.ts';
import { harmless } from './parts/harmless.ts';
import { pluginsIn, writePlugin } from './parts/plugins.ts';

export const unsignedPlugin: Attack = {
  id: 'unsigned-plugin',
  title: 'A plugin without a signature is put into the agent’s folder',
  capability: 'plugin_permissions',
  claims: [],
  story: false,
  counts_as_stopped: 'not a line of its code runs',
  carryOut(range) {
    const plugins = pluginsIn(range.dir);
    const mark = join(range.dir, 'mark');
    writePlugin(plugins, {
      manifest: {
        name: 'stranger',
        version: '1.0.0',
        permissions: ['read:search'],
        hosts: [toolsHost],
        operations: ['search.query'],
      },
      code: tellingCode(mark),
    });
    return loadForeignCode(range, {
      plugins,
      mark,
      call: harmless('search.query', 'stranger'),
      why: {
        stopped: 'The agent does not start with a plugin that no trusted publisher signed.',
        ran: 'Nobody asks for a signature; the code ran in the agent’s process.',
      },
    });
  },
};
