/** The classes of faults that a run may have. Each has streams of its own, so switching one off moves no other. */

/** In the order in which a run is described. */
export const faultClasses = [
  'loss',
  'duplicate',
  'reorder',
  'corrupt',
  'replay',
  'slow-network',
  'partition',
  'one-way',
  'isolate',
  'flap',
  'clog',
  'break',
  'crash',
  'power',
  'blackout',
  'wipe',
  'shutdown',
  'pause',
  'stall',
  'clock-rate',
  'clock-jump',
  'slow-disk',
  'failing-disk',
  'transfer',
] as const;

/** One class of faults. */
export type FaultClass = (typeof faultClasses)[number];
