import { badBody } from './errors.ts';

const latest = 2n ** 63n - 1n;

/** OTLP's times are unsigned 64-bit integers, the store's signed: they end in the year 2262. */
export function checkedNs(ns: bigint, where: string): bigint {
  if (ns < 0n || ns > latest) throw badBody(`${where} is out of range`);
  return ns;
}

/** A clock that was set back must not make a span's duration negative. */
export const durationNs = (startNs: bigint, endNs: bigint): bigint => (endNs > startNs ? endNs - startNs : 0n);
