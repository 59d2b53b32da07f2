/** Whether an agent still has its grant. */
import type { RunningAgent } from '../attack.ts';

/** Fetches all its tokens anew. Null where the agent can; otherwise what it says. */
export async function renewed({ tier }: RunningAgent): Promise<string | null> {
  try {
    await tier.control.call('renew');
    return null;
  } catch (error) {
    if (!tier.control.alive) throw error;
    return `refused: the agent has to log in again (${(error as Error).message})`;
  }
}
