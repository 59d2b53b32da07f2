/**
 * The search for 401 loops: three or more consecutive calls of a session that were touched by a 401. An agent with
 * several tasks in flight has as many sessions, so calls are first put on lanes: a task stays on its lane, the next one
 * takes the lane that came free last. Calls of a task that run side by side are one link: a burst on one expired token is
 * no loop.
 */
import type { Column } from '../../collectors/traces/index.ts';

/** Touched links in a row that make a loop. */
const loopLength = 3;

interface Lane {
  /** When its task is over. */
  free_ns: number;
  /** When the link under way ends. */
  link_ns: number;
  touched: boolean;
  /** Touched links in a row before the one under way. */
  run: number;
}

export interface SessionCall {
  session: number;
  task: number;
  start_ns: number;
  end_ns: number;
  task_end_ns: number;
  touched: boolean;
}

/** Takes the calls of sessions one after the other, each session in the order of start. */
export class LoopSearch {
  loops = 0;
  #session = -1;
  #lanes: Lane[] = [];
  #laneOf = new Map<number, Lane>();

  take(call: SessionCall): void {
    if (call.session !== this.#session) this.#begin(call.session);
    let lane = this.#laneOf.get(call.task);
    if (!lane) {
      lane = this.#freeLane(call.start_ns);
      lane.free_ns = call.task_end_ns;
      this.#laneOf.set(call.task, lane);
    }
    if (call.start_ns >= lane.link_ns) {
      lane.run = lane.touched ? lane.run + 1 : 0;
      lane.touched = false;
    }
    lane.link_ns = Math.max(lane.link_ns, call.end_ns);
    if (call.touched && !lane.touched) {
      lane.touched = true;
      // Counted once, when the row is long enough; what follows belongs to the same loop.
      if (lane.run + 1 === loopLength) this.loops++;
    }
  }

  #begin(session: number): void {
    this.#session = session;
    this.#lanes = [];
    this.#laneOf = new Map();
  }

  #freeLane(at_ns: number): Lane {
    let best: Lane | undefined;
    for (const lane of this.#lanes) {
      if (lane.free_ns <= at_ns && (!best || lane.free_ns > best.free_ns)) best = lane;
    }
    if (best) return best;
    const lane = { free_ns: 0, link_ns: Number.NEGATIVE_INFINITY, touched: false, run: 0 };
    this.#lanes.push(lane);
    return lane;
  }
}

/** Loops per cell and block, from the stream of sessions.sql. */
export async function countLoops(
  stream: (onChunk: (columns: Column[], rows: number) => void) => Promise<void>,
): Promise<Map<number, number>> {
  const loops = new Map<number, number>();
  const search = new LoopSearch();
  await stream(([cb, session, task, start, end, taskEnd, touched], rows) => {
    for (let i = 0; i < rows; i++) {
      const before = search.loops;
      search.take({
        session: session![i]!,
        task: task![i]!,
        start_ns: start![i]!,
        end_ns: end![i]!,
        task_end_ns: taskEnd![i]!,
        touched: touched![i] === 1,
      });
      if (search.loops > before) loops.set(cb![i]!, (loops.get(cb![i]!) ?? 0) + search.loops - before);
    }
  });
  return loops;
}
