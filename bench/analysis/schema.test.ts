import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { schemaDir, schemaFiles } from './schema.ts';

describe('the schemas in results/schema', () => {
  for (const [name, text] of Object.entries(schemaFiles())) {
    it(`${name} is the one that the contract makes: else run node bench/analysis/schema.ts`, async () => {
      assert.equal(await readFile(new URL(name, schemaDir), 'utf8'), text);
    });
  }
});
