/**
 * Progress on stderr: one line that is rewritten on a terminal; a line for each block elsewhere, since a log file keeps what
 * it is told. It is called between slices only, so that drawing never runs within a measurement.
 */
export interface ProgressStep {
  /** Blocks before it in the campaign, of whatever number; null: the attacks, which come after the blocks. */
  block: number | null;
  blocks: number;
  phase: string;
  condition: string;
  round: number;
  /** null: nobody knows how many. */
  rounds: number | null;
  /** Share of what is planned that is done, in earlier sittings too. */
  fraction: number;
}

export interface Progress {
  step(step: ProgressStep): void;
  note(text: string): void;
  end(): void;
}

/** `1 min 05 s`, `1 h 20 min`: no finer than an estimate can be, so seconds below ten minutes, then minutes. */
export const formatLeft = (seconds: number): string => {
  const whole_s = Math.round(seconds);
  if (whole_s < 60) return `${whole_s} s`;
  if (whole_s < 600) return `${Math.floor(whole_s / 60)} min ${twoDigits(whole_s % 60)} s`;
  const whole_min = Math.round(seconds / 60);
  return whole_min < 60 ? `${whole_min} min` : `${Math.floor(whole_min / 60)} h ${twoDigits(whole_min % 60)} min`;
};

const twoDigits = (count: number): string => String(count).padStart(2, '0');

const partOf = ({ block, blocks }: ProgressStep): string =>
  block === null ? 'attacks' : `block ${block + 1}/${blocks}`;

/** @param left_s null: not known yet */
const shareOf = ({ fraction }: ProgressStep, left_s: number | null): string =>
  `${Math.floor(fraction * 100)} % · ${left_s === null ? 'estimating the time left' : `about ${formatLeft(left_s)} left`}`;

export const roundOf = ({ round, rounds }: Pick<ProgressStep, 'round' | 'rounds'>): string =>
  `round ${round + 1}${rounds === null ? '' : `/${rounds}`}`;

export const formatStep = (step: ProgressStep, left_s: number | null): string =>
  `${partOf(step)} · ${step.phase} ${step.condition} · ${roundOf(step)} · ${shareOf(step, left_s)}`;

/**
 * Time left at the pace of this stretch, s; null while too little of it is done. A stretch begins with the sitting, since
 * earlier ones took other time, and where the share falls below half of what it was: attacks begin at 0 after the blocks.
 */
export function paceKeeper(now_ms: () => number): (fraction: number) => number | null {
  let began: { at_ms: number; fraction: number } | null = null;
  let last = 0;
  return (fraction) => {
    const at_ms = now_ms();
    if (began === null || fraction < last / 2) began = { at_ms, fraction };
    last = fraction;
    const done = fraction - began.fraction;
    return done > 0.02 ? ((at_ms - began.at_ms) / 1_000) * ((1 - fraction) / done) : null;
  };
}

export function terminalProgress(stream: NodeJS.WriteStream, now_ms: () => number): Progress {
  const left_s = paceKeeper(now_ms);
  if (!stream.isTTY) return lineByLine(stream, left_s);
  let drawn = 0;
  const clear = '\r\u001b[2K';
  return {
    step(step) {
      const left = left_s(step.fraction);
      // Ten a second are enough for the eye.
      if (now_ms() - drawn < 100) return;
      drawn = now_ms();
      stream.write(clear + formatStep(step, left).slice(0, Math.max(20, stream.columns - 1)));
    },
    note: (text) => void stream.write(`${clear}${text}\n`),
    end: () => void stream.write(clear),
  };
}

function lineByLine(stream: NodeJS.WriteStream, left_s: (fraction: number) => number | null): Progress {
  let told: number | null = -1;
  return {
    step(step) {
      const left = left_s(step.fraction);
      if (step.block === told) return;
      told = step.block;
      stream.write(`${partOf(step)} · ${shareOf(step, left)}\n`);
    },
    note: (text) => void stream.write(`${text}\n`),
    end: () => undefined,
  };
}
