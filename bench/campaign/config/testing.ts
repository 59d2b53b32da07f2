/** For the tests of what is refused. */
import assert from 'node:assert/strict';
import { WeighbridgeError } from '#contract/errors.ts';
import { parseCampaign } from './index.ts';
import type { Overrides } from './types.ts';

/** The error of a bad configuration. */
export const refusalOf = (text: string, overrides: Overrides = {}): WeighbridgeError => {
  try {
    parseCampaign(text, 'c.yaml', overrides);
  } catch (error) {
    assert.ok(error instanceof WeighbridgeError, String(error));
    assert.equal(error.code, 'CONFIG');
    assert.equal(error.exitCode, 104);
    assert.ok(error.mend);
    return error;
  }
  return assert.fail(`accepted: ${text}`);
};
/** The lines of the message after its first. */
export const linesOf = (text: string, overrides: Overrides = {}): string[] =>
  refusalOf(text, overrides)
    .message.split('\n')
    .slice(1)
    .map((line) => line.trim());
export const refusedAs = (text: string, ...lines: string[]): void => assert.deepEqual(linesOf(text), lines);

export const gateway = (more: string): string =>
  `gateways: {ours: {attach: 'http://127.0.0.1:8088', upstream: 'http://127.0.0.1:9700', product: n@1, ${more}}}`;
