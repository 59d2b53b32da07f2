/** Where an arm's own agent has nothing that could be attacked, the article's agent stands in: does anything else there stop it? */
import type { AgentConfig } from '#contract/config.ts';
import type { Range } from '../../../attack.ts';

/** The article's agent in the place of one that keeps to no narrower scopes than all of them. */
export const ofArticle = (config: AgentConfig): AgentConfig =>
  config.controls === 'off' ? { ...config, controls: 'regressed' } : config;

/** Why such an attack succeeded, and what stood in where the arm's own agent was not attacked. @param why begins in lower case */
export const standingIn = ({ spec }: Range, why: string): string =>
  spec.controls === 'off'
    ? `With the article’s agent in place of this arm’s own, which has one token for everything and shares none: ${why}`
    : `${why[0]!.toUpperCase()}${why.slice(1)}`;
