/** Shapes that the sections of `analysis.json` share. */
import { z } from 'zod';

export const intervalSchema = z.tuple([z.number(), z.number()]);

/** An upper end that is null lies beyond all that was tried: the figure is known from below only. */
export const reachSchema = z.tuple([z.number(), z.number().nullable()]);

/** Calls by what became of them. */
export const outcomesSchema = z.object({
  ok: z.number().int(),
  denied: z.number().int(),
  failed: z.number().int(),
  timeout: z.number().int(),
  lost: z.number().int(),
});

/** Units that a verdict's and a threshold's figures come in: µs, a share or a ratio, calls per second, workers. */
export const figureUnits = ['us', 'ratio', 'per_s', 'workers'] as const;
export type FigureUnit = (typeof figureUnits)[number];

export type Reach = z.infer<typeof reachSchema>;
