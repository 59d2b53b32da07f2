/** The plugins that come with the agent, by name. A plugin is a folder: `manifest.json` and `plugin.ts`. */
import { readFileSync } from 'node:fs';
import { WeighbridgeError } from '#contract/errors.ts';
import { scopeSet } from '../tokens/scope-set.ts';
import { request as calendarReader } from './calendar-reader/plugin.ts';
import { request as calendarWriter } from './calendar-writer/plugin.ts';
import { request as fileKeeper } from './file-keeper/plugin.ts';
import { request as mailReader } from './mail-reader/plugin.ts';
import { request as mailSender } from './mail-sender/plugin.ts';
import { request as payer } from './payer/plugin.ts';
import { type MakeRequest, manifestSchema, type Plugin } from './plugin.ts';
import { request as searcher } from './searcher/plugin.ts';

const code: Readonly<Record<string, MakeRequest>> = {
  'calendar-reader': calendarReader,
  'calendar-writer': calendarWriter,
  'mail-reader': mailReader,
  'mail-sender': mailSender,
  'file-keeper': fileKeeper,
  payer,
  searcher,
};

/** @throws WeighbridgeError CONFIG where a manifest is bad */
export const loadPlugins = (): Plugin[] => Object.entries(code).map(([name, request]) => loadPlugin(name, request));

function loadPlugin(name: string, request: MakeRequest): Plugin {
  const url = new URL(`./${name}/manifest.json`, import.meta.url);
  return definePlugin(JSON.parse(readFileSync(url, 'utf8')), request, `agents/plugins/${name}/manifest.json`);
}

/**
 * A plugin from its manifest and its code.
 * @param where the manifest came from, for errors
 * @throws WeighbridgeError CONFIG
 */
export function definePlugin(manifest: unknown, request: MakeRequest, where: string): Plugin {
  const parsed = manifestSchema.safeParse(manifest);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new WeighbridgeError('CONFIG', `bad plugin manifest: ${issue?.message}`, {
      where: `${where}: ${issue?.path.join('.') ?? ''}`,
    });
  }
  return { manifest: parsed.data, scopes: scopeSet(parsed.data.permissions), request };
}
