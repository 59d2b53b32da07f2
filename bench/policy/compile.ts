/** One definition, two forms: the plugins' manifests as the native table and as Cedar permits. Pure, the same bytes each time. */
import { WeighbridgeError } from '#contract/errors.ts';
import { compileCedar } from './cedar.ts';
import type { PolicyManifest } from './manifest.ts';
import { compileNative, type NativeTable } from './native.ts';

export interface CompiledPolicy {
  readonly native: NativeTable;
  /** Cedar permits; a gateway appends its own rules and overlays. */
  readonly cedar: string;
}

/**
 * @param manifests in any order
 * @throws WeighbridgeError CONFIG where two plugins share a name, or there is none
 */
export function compilePolicy(manifests: readonly PolicyManifest[]): CompiledPolicy {
  const sorted = [...manifests].sort((a, b) => (a.name < b.name ? -1 : 1));
  const twice = sorted.find(({ name }, i) => sorted[i - 1]?.name === name);
  if (twice || sorted.length === 0) {
    throw new WeighbridgeError(
      'CONFIG',
      twice ? `two plugins are named ${twice.name}` : 'there is no plugin manifest',
      {
        where: 'plugin manifests',
        mend: twice ? 'rename one of them' : 'name a folder with one folder per plugin, each with a manifest.json',
      },
    );
  }
  return { native: compileNative(sorted), cedar: compileCedar(sorted) };
}

/** The native table as a JSON file, a cell per line. */
export function nativeText({ cells, hosts }: NativeTable): string {
  const lines = cells.map((cell) => `    ${JSON.stringify(cell)}`).join(',\n');
  return `{\n  "hosts": ${JSON.stringify(hosts)},\n  "cells": [\n${lines}\n  ]\n}\n`;
}
