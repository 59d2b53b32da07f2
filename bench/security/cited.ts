/** What the tiers of an arm wrote of one trace: what stands behind the trace that a cell cites. */
import { existsSync, readFileSync } from 'node:fs';
import type { CitedRecord } from '#contract/security.ts';

/** A file of one tier, a JSON text a line. */
export interface Source extends Pick<CitedRecord, 'service' | 'tier' | 'kind'> {
  file: string;
}

/** A record, without the cell that cites its trace. */
export type Kept = Pick<CitedRecord, 'service' | 'tier' | 'kind' | 'record'>;

/** Records of the trace, in the order of the files and of their lines. Each file is read once; one that is gone holds none. */
export function recordsOf(trace_id: string, sources: readonly Source[]): Kept[] {
  const files = new Map(sources.map((source) => [source.file, source]));
  return [...files.values()].flatMap(({ file, ...whose }) => {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    return lines
      .filter((line) => line.includes(trace_id))
      .flatMap((line) => {
        const record = recordIn(line);
        return record === null ? [] : [{ ...whose, record }];
      });
  });
}

/** null of a line that an attack has torn. */
function recordIn(line: string): CitedRecord['record'] | null {
  try {
    return JSON.parse(line) as CitedRecord['record'];
  } catch {
    return null;
  }
}
