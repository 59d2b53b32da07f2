/** JSON Schemas of the files that users and other programs read, generated from the contract. Run it to write them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { analysisSchema } from '#contract/analysis.ts';
import { calibrationSchema } from '#contract/calibration.ts';
import { manifestSchema } from '#contract/manifest.ts';

/** Where the schemas are committed. */
export const schemaDir = new URL('../../results/schema/', import.meta.url);

/** File name → text. */
export const schemaFiles = (): Record<string, string> => ({
  'analysis.schema.json': textOf('analysis.json of a Weighbridge campaign', analysisSchema),
  'calibration.schema.json': textOf('calibration.json of a Weighbridge calibration', calibrationSchema),
  'manifest.schema.json': textOf('manifest.json of a Weighbridge campaign', manifestSchema),
});

const textOf = (title: string, schema: z.ZodType): string =>
  `${JSON.stringify({ title, ...z.toJSONSchema(schema) }, null, 2)}\n`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(schemaDir, { recursive: true });
  for (const [name, text] of Object.entries(schemaFiles())) await writeFile(new URL(name, schemaDir), text);
}
