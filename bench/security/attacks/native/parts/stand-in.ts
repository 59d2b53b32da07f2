/** Where an arm's own agent has nothing that could be attacked, the article's agent stands in: does anything else there stop it? */
import type { Range } from '../../../attack.ts';

/** What such a cell has to say first; empty where the arm's own agent was attacked. */
export const standIn = ({ spec }: Range): string =>
  spec.controls === 'off'
    ? 'With the article’s agent in place of this arm’s own, which has one token for everything and shares none: '
    : '';
