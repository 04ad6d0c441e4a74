/** Follows the counters and registers without a gap: over lost streams and, by the last zxid, over lost sessions. */
import { CoordinationError, type Session } from '@quorate/core';
import type { RandomStream } from '@quorate/simulator';

export interface Watching {
  /** Kept from one session to the next. */
  readonly seen: { lastZxid: number | undefined };
  readonly stream: RandomStream;
  readonly sleep: (delayMs: number) => Promise<void>;
  readonly isOver: () => boolean;
}

export async function followCounters(session: Session, watching: Watching): Promise<void> {
  const { seen, stream, sleep, isOver } = watching;
  while (!isOver()) {
    const from = seen.lastZxid;
    const watch = session.watch('/', { scope: 'subtree', ...(from === undefined ? {} : { from }) });
    // Most streams are left after a while, and the next one goes on where they stopped.
    const leaving = sleep(stream.between(200, 4_000)).then(() => watch.close());
    try {
      for await (const { last, zxid } of watch) if (last) seen.lastZxid = zxid;
    } catch (error) {
      // What followed is no longer kept: the next stream begins with the present state.
      if (error instanceof CoordinationError && error.code === 'COMPACTED') seen.lastZxid = undefined;
    }
    watch.close();
    await leaving;
  }
}
