/** What the clients of a run do, in parts that a seed takes or leaves. */

/** In the order in which a run is described. */
export const features = [
  'registers',
  'counters',
  'tree',
  'multi',
  'sequential',
  'ephemerals',
  'kinds',
  'update',
  'listings',
  'linearizable',
  'acknowledge-all',
  'hostile',
  'watches',
  'locks',
  'queues',
  'short-sessions',
  'containers',
  'resuming',
  'remote',
] as const;

/** One part of a workload. */
export type Feature = (typeof features)[number];
