/**
 * Positions of one history that several processes write: nanoseconds of CLOCK_MONOTONIC, which all processes of a
 * machine share, since the start of the run. The last digit names the process, so that no two positions are equal.
 */

/** More processes than any run has. */
const writersMax = 16;

export interface PositionsOf {
  /** `process.hrtime.bigint()` of the run's start, as text: it travels between processes. */
  readonly startedAt: string;
  /** From 0; unique among the processes that write. */
  readonly writer: number;
}

/** Counts in safe integers for 6 days. */
export function sharedPositions({ startedAt, writer }: PositionsOf): () => number {
  const started = BigInt(startedAt);
  let last = -1;
  return () => {
    last = Math.max(last + 1, Number(process.hrtime.bigint() - started));
    return last * writersMax + writer;
  };
}
