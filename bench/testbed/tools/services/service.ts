/**
 * What the five services have in common. A service is a pure function of the arguments and the call's key over a small
 * seeded world that never changes: what is created is acknowledged under an id made from the call's key, and what is
 * deleted was deleted. So one arm's calls never show in another's answers, in whatever order they come, and a repeat
 * after a 401 answers like the first attempt would have.
 */
import { hash } from 'node:crypto';
import { type Random, seededRandom } from '#contract/random.ts';
import type { ToolName } from '#contract/tools.ts';
import type { Arguments } from '../arguments.ts';

export interface ToolCall {
  readonly args: Arguments;
  /** Over the arguments (see arguments.ts). */
  readonly digest: string;
  /** Of the call, the same in every arm and attempt; '' where the caller sent none. */
  readonly key: string;
}

/** The `result` of the answer, as JSON text. @throws InvalidArguments */
export type Handler = (call: ToolCall) => string;

export interface Service {
  readonly tool: ToolName;
  /** By the catalogue's operation. */
  readonly handlers: Readonly<Record<string, Handler>>;
}

/** Variants of an answer, so that no cache or compressor in the path gains from sameness. */
const variants = 16;
/** Size of an answer to a read, JSON text. */
const pageSize_chars = 960;

/** Seeded JSON texts of about 1 KB: lists of items, as many as fit. A `limit` is not honoured: all arms weigh the same. */
export function seededPages(name: string, item: (random: Random) => unknown): readonly string[] {
  return Array.from({ length: variants }, (_, i) => {
    const random = seededRandom(`testbed/${name}/${i}`);
    let text = '';
    for (let next = JSON.stringify(item(random)); text.length + next.length < pageSize_chars; ) {
      text += text === '' ? next : `,${next}`;
      next = JSON.stringify(item(random));
    }
    return `[${text}]`;
  });
}

/** The same arguments find the same page. */
export const pageOf = (pages: readonly string[], call: ToolCall): string =>
  pages[Number.parseInt(call.digest.slice(0, 2), 16) % variants]!;

/** Id of what this call creates. */
export const createdId = (kind: string, call: ToolCall): string =>
  `${kind}-${hash('sha256', `${kind}/${call.key}`, 'hex').slice(0, 12)}`;

/** A delete succeeds for any id, any number of times; its answer has no body. */
export const deleted: Handler = () => '';

/** Words to fill pages with. */
export const words = ['budget', 'roadmap', 'incident', 'hiring', 'launch', 'travel', 'audit', 'renewal', 'invoice'];
export const people = ['ana', 'bruno', 'chen', 'dalia', 'emeka', 'farah', 'goran', 'hana'];
export const someDay = (random: Random): string =>
  `2026-${String(1 + random.int(12)).padStart(2, '0')}-${String(1 + random.int(28)).padStart(2, '0')}`;
export const sentence = (random: Random, length: number): string =>
  Array.from({ length }, () => random.pick(words)).join(' ');
