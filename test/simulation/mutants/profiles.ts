/**
 * Which worlds a mutant is put into. Most are looked for in those of every sweep. Some bugs can only show in a shape
 * that few seeds draw; these are looked for in seeds of that shape, so that the figures are not about the draw.
 * A profile takes away, as a reduction does, and makes sure of a fault that would be drawn in some of the seeds only; it
 * adds no look at the inside. Peers may keep their log in another storage than in the sweep's worlds.
 */
import { type FaultClass, faultClasses, type Reduction } from '@quorate/simulator';

/** No other faults than these: what a bug needs comes about more often where nothing is in its way. */
function only(...wanted: readonly FaultClass[]): Pick<Reduction, 'withoutFaults'> {
  return { withoutFaults: faultClasses.filter((fault) => !wanted.includes(fault)) };
}

const tightLimits = { snapshotAfterEntries: 5, logEntriesKept: 1, snapshotChunkBytes: 512 };

/** With few kinds of faults there may be many of them. */
const pace = { thinkMs: 200, burstMax: 4, faultEveryMs: 1_500 };

export const profiles: Readonly<Record<string, Reduction>> = {
  /** The seeds of every sweep. */
  sweep: {},
  /** One voter: all that depends on others alone is gone. */
  single: { membersMax: 1 },
  /** Logs are files, on a disk that fails as disks of files do, and all the time. */
  'file-storage': { pace: { faultEveryMs: 1_500 } },
  /** The same with clients that write much, all at their own peer, and logs that are cut soon: segments go. */
  'file-storage-tight': {
    withoutFeatures: ['remote'],
    limits: { snapshotAfterEntries: 20, logEntriesKept: 1 },
    pace: { thinkMs: 50, burstMax: 8, faultEveryMs: 1_500 },
  },
  /** Snapshots are taken all the time, bits of files flip, and each start has to show the snapshot that it finds. */
  'file-storage-rotten': {
    ...only('wipe'),
    withFaults: ['wipe'],
    limits: { snapshotAfterEntries: 20, logEntriesKept: 1 },
    pace,
  },
  /** Long enough for what shows only some time after the faults. */
  long: { durationMs: 60_000 },
  /** Snapshots every few entries, in small chunks, and nearly no log behind them. */
  tight: { limits: tightLimits, pace: { thinkMs: 200, burstMax: 4 } },
  /** The same, where leaders are cut off and come back to others that have gone on. */
  'tight-deposed': { ...only('isolate', 'partition'), limits: tightLimits, pace },
  /** The same, where snapshots that arrive are interrupted. */
  'tight-crashed': { ...only('crash', 'power', 'break', 'isolate', 'loss'), limits: tightLimits, pace },
  /** The same, on disks that are slow, so that an own snapshot takes longer than its writer is cut off. */
  'tight-slow': { ...only('slow-disk', 'isolate', 'partition'), limits: tightLimits, pace },
  /** Whoever falls while a snapshot arrives is back before there is a newer one: it is sent the same one again. */
  'half-received': {
    ...only('wipe', 'crash', 'power'),
    durationMs: 40_000,
    limits: { snapshotAfterEntries: 50, logEntriesKept: 1, snapshotChunkBytes: 256 },
    pace: { ...pace, thinkMs: 1_000 },
  },
  /** Clients without a replica lose the peer that serves them, or it lags behind. */
  moving: {
    ...only('break', 'slow-network', 'one-way', 'pause'),
    withFaults: ['break', 'one-way', 'slow-network'],
    withFeatures: ['remote', 'watches', 'registers', 'counters'],
    durationMs: 40_000,
    pace: { thinkMs: 50, burstMax: 6, faultEveryMs: 500, sessionTimeoutMs: 5_000 },
  },
  /** Clients without a replica are on the side of a minority for longer than their sessions last. */
  parted: {
    ...only('partition', 'break'),
    withFaults: ['partition'],
    withFeatures: ['remote'],
    pace: { ...pace, sessionTimeoutMs: 1_000 },
  },
  /** Leaders stand still for about as long as sessions without a replica last, and stay leaders. */
  stalled: {
    ...only('stall', 'slow-network'),
    withFaults: ['stall', 'slow-network'],
    withFeatures: ['remote'],
    pace: {
      heartbeatMs: 200,
      electionTimeoutMs: 1_200,
      sessionTimeoutMs: 1_000,
      faultEveryMs: 500,
      thinkMs: 3_000,
      burstMax: 1,
    },
  },
  /** Leaders are cut off with what they have just appended. */
  deposed: { ...only('isolate', 'partition', 'slow-disk'), pace },
  /** Members lose their data and come back, and their leaders are cut off meanwhile. */
  returning: { ...only('wipe', 'isolate'), pace },
  /** Leaderships are transferred while clients write. */
  transferring: { ...only('transfer', 'slow-network', 'loss'), pace: { ...pace, thinkMs: 50 } },
  /** Frames are lost while connections stay. */
  lossy: { ...only('loss', 'crash', 'isolate'), pace },
  /** The same, and time enough afterwards to see that a call is never answered. */
  waiting: {
    ...only('loss', 'crash', 'isolate'),
    durationMs: 30_000,
    pace: { ...pace, sessionTimeoutMs: 2_000 },
  },
  /** Clients that write much, and faults of all kinds: a leader that is cut off has appended something. */
  busy: { pace: { thinkMs: 50, burstMax: 8, faultEveryMs: 3_000 } },
  /** Entries go to followers one by one, so whoever was away for a moment lacks many for a while. */
  trickle: {
    limits: { appendEntriesMax: 1, followerMessagesInFlightMax: 1 },
    pace: { thinkMs: 50, burstMax: 8, faultEveryMs: 1_500 },
  },
  /** Leaders that stay for longer without an answer than a session does. */
  patient: {
    pace: { heartbeatMs: 200, electionTimeoutMs: 1_200, sessionTimeoutMs: 1_000, faultEveryMs: 1_500 },
  },
};

export function reductionOf(profile: string | undefined, durationMs: number): Reduction {
  const reduction = profiles[profile ?? 'sweep'];
  if (reduction === undefined) throw new RangeError(`there is no profile ${profile}`);
  return { durationMs, ...reduction };
}

/** What peers keep their log in, as sweep/storages.ts names it. */
export function storageIn(profile: string | undefined): string {
  if (profile === 'file-storage-rotten') return 'file-read';
  return profile?.startsWith('file-storage') === true ? 'file' : 'disk';
}
