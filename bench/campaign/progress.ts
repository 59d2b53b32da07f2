/**
 * Progress on stderr: one line that is rewritten on a terminal, nothing elsewhere (a log file wants no progress). It is
 * called between slices only, so that drawing never runs within a measurement.
 */
export interface ProgressStep {
  block: number;
  blocks: number;
  phase: string;
  condition: string;
  round: number;
  rounds: number;
  /** Share of the whole campaign's slices that are done. */
  fraction: number;
}

export interface Progress {
  step(step: ProgressStep): void;
  note(text: string): void;
  end(): void;
}

/** `1 min 05 s`; the time left is what was needed so far, scaled. */
/** No finer than an estimate can be: seconds below ten minutes, then minutes. */
export const formatLeft = (seconds: number): string => {
  const whole_s = Math.round(seconds);
  if (whole_s < 60) return `${whole_s} s`;
  if (whole_s < 600) return `${Math.floor(whole_s / 60)} min ${twoDigits(whole_s % 60)} s`;
  const whole_min = Math.round(seconds / 60);
  return whole_min < 60 ? `${whole_min} min` : `${Math.floor(whole_min / 60)} h ${twoDigits(whole_min % 60)} min`;
};

const twoDigits = (count: number): string => String(count).padStart(2, '0');

export const formatStep = (step: ProgressStep, elapsed_s: number): string => {
  const left =
    step.fraction > 0.02
      ? `about ${formatLeft((elapsed_s * (1 - step.fraction)) / step.fraction)} left`
      : 'estimating the time left';
  return `block ${step.block + 1}/${step.blocks} · ${step.phase} ${step.condition} · round ${step.round + 1}/${step.rounds} · ${Math.floor(step.fraction * 100)} % · ${left}`;
};

export function terminalProgress(stream: NodeJS.WriteStream, now_ms: () => number): Progress {
  if (!stream.isTTY)
    return { step: () => undefined, note: (text) => void stream.write(`${text}\n`), end: () => undefined };
  const started = now_ms();
  let drawn = 0;
  const clear = '\r\u001b[2K';
  return {
    step(step) {
      // Ten a second are enough for the eye.
      if (now_ms() - drawn < 100) return;
      drawn = now_ms();
      stream.write(clear + formatStep(step, (drawn - started) / 1_000).slice(0, Math.max(20, stream.columns - 1)));
    },
    note: (text) => void stream.write(`${clear}${text}\n`),
    end: () => void stream.write(clear),
  };
}
