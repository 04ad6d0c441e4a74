/** Every bound of the simulator, with its unit and its reason. */

/** Virtual milliseconds that a run may take before it is told to hang. Default: an hour of the world. */
export const durationMsMaxDefault: number = 3_600_000;
/** Real milliseconds that a run may take. It only ends a run that hangs; nothing in a run depends on it. */
export const realTimeMsMaxDefault: number = 600_000;
/** Tasks of one virtual microsecond: a world of 100 hosts needs some hundred, an endless loop needs them all. */
export const tasksPerMomentMax: number = 100_000;
/** Tasks after which the real event loop gets a turn: often enough for signals, rarely enough to cost nothing. */
export const tasksPerTurn: number = 4_096;
/** Hosts of one world. */
export const hostsMax: number = 1_000;
/** A turn of a host's event loop in microseconds: work that is cut into slices lets others go on between them. */
export const loopTurnUs: number = 20;
/** How late a timer fires at most, in microseconds, unless a host is given something else: Node's have whole milliseconds. */
export const timerLatenessUsMax: number = 1_000;
/** Virtual milliseconds between two looks of the invariants that cost the whole state. */
export const sweepEveryMsDefault: number = 1_000;
/** Parts per million by which a clock may run fast or slow: half of real time, far beyond any crystal. */
export const clockRatePpmMax: number = 500_000;
/** Milliseconds since 1970 at which every world begins: 2026-01-01T00:00:00Z. */
export const worldEpochMs: number = 1_767_225_600_000;
