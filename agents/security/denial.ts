/** A refusal by a control of the agent, before anything goes out. */
export interface Denial {
  /** `agent/<control>`. */
  readonly deniedBy: string;
  readonly errorType: string;
}
