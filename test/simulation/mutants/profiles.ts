/**
 * Which worlds a mutant is put into. Most are looked for in those of every sweep. Some bugs can only show in a shape
 * that few seeds draw; these are looked for in seeds of that shape, so that the figures are not about the draw.
 * A profile takes away, as a reduction does; it adds no fault and no look at the inside. Peers may keep their log in
 * another storage than in the sweep's worlds.
 */
import type { Reduction } from '@quorate/simulator';

export const profiles: Readonly<Record<string, Reduction>> = {
  /** The seeds of every sweep. */
  sweep: {},
  /** One voter: all that depends on others alone is gone. */
  single: { membersMax: 1 },
  /** Logs are files, on a disk that fails as disks of files do, and all the time. */
  'file-storage': { pace: { faultEveryMs: 1_500 } },
  /** The same with clients that write much and logs that are cut soon: segments go, and snapshots are sent. */
  'file-storage-tight': {
    limits: { snapshotAfterEntries: 20, logEntriesKept: 1 },
    pace: { thinkMs: 50, burstMax: 8, faultEveryMs: 1_500 },
  },
  /** Long enough for what shows only some time after the faults. */
  long: { durationMs: 60_000 },
  /** Snapshots every few entries, in small chunks, and nearly no log behind them. */
  tight: {
    limits: { snapshotAfterEntries: 5, logEntriesKept: 1, snapshotChunkBytes: 512 },
    pace: { thinkMs: 50, burstMax: 8 },
  },
  /** Clients that write much, and faults all the time: a leader that is cut off has appended something. */
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
  return profile?.startsWith('file-storage') === true ? 'file' : 'disk';
}
