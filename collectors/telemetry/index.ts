/**
 * Telemetry inside a tier: spans and lines are noted in memory while requests run, and exported between slices. A
 * tier's requests pay for the noting only: full spans of the SDK with a batch processor were measured at seven times
 * the price. That way of noting is here as well, so that anyone can measure it again.
 */
import { createRequire } from 'node:module';
import type { TelemetryConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { LightTelemetry } from './light.ts';
import { OffTelemetry } from './off.ts';
import type { RecordingOptions } from './recording.ts';
import type { Telemetry } from './types.ts';

export { formatTraceparent, parseTraceContext } from './context.ts';
export type { ActiveSpan, SpanKind, Telemetry, TraceContext } from './types.ts';

const defaultCapacity = 16_384;
/**
 * The telemetry of this process.
 * @throws WeighbridgeError CONFIG
 * @param capacity spans that can be noted between two drains; further ones are counted as dropped.
 */
export function createTelemetry(config: TelemetryConfig, capacity: number = defaultCapacity): Telemetry {
  const offsetNs = config.anchor
    ? BigInt(config.anchor.offset_ns)
    : BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
  if (config.mode === 'off') return new OffTelemetry(offsetNs);
  return config.mode === 'full'
    ? fullTelemetry({ config, offsetNs }, capacity)
    : new LightTelemetry({ config, offsetNs }, capacity);
}

/** The SDK takes its time and its memory to load: only who asks for it pays, and has it before the first span. */
function fullTelemetry(options: RecordingOptions, capacity: number): Telemetry {
  if (options.config.otlp === undefined) {
    throw new WeighbridgeError('CONFIG', 'telemetry of mode full has nowhere to export to', {
      where: 'telemetry.otlp',
      mend: 'give the address of a receiver, or use another mode',
    });
  }
  const { FullTelemetry } = createRequire(import.meta.url)('./full.ts') as typeof import('./full.ts');
  return new FullTelemetry(options, capacity);
}
