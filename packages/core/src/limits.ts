/**
 * Every bound of the library, with its unit and its reason. Two kinds, never mixed:
 *
 * - Limits of the ensemble are judged by apply, so they must be the same on every replica: the first leader
 *   writes its own into the log, and from then on only the log counts.
 * - Limits of a peer act at its own edge only (queues, bytes in flight); members may differ in them freely.
 */

/** Judged by apply; part of the log and of snapshots. */
export interface EnsembleLimits {
  /** Bytes of one encoded value. Default 1 MiB, as ZooKeeper's jute.maxbuffer; larger ones delay heartbeats. */
  readonly valueBytesMax: number;
  /** Operations in one multi. Default 1,024. */
  readonly multiOperationsMax: number;
  /** Bytes of one encoded multi. Default 4 MiB. */
  readonly multiBytesMax: number;
  /** Znodes that one recursive delete may remove. Default 10,000: one step of apply must stay short. */
  readonly recursiveDeleteMax: number;
  /** Ephemeral znodes of one session. Default 10,000: they are all deleted in one step. */
  readonly ephemeralsPerSessionMax: number;
  /** Sessions open at one time. Default 100,000. */
  readonly sessionsMax: number;
  /** Replies kept for one session until it acknowledges them. Default 8,192, above any peer's window. */
  readonly repliesPerSessionMax: number;
  /**
   * Changes kept so that watches can resume. Default 2,048: at 100 changes a second 20 s, twice the time-out of a
   * session. Every replica keeps them in memory and writes them into each snapshot; four times as many cost a
   * tenth of the writes a second, because what lives long costs the garbage collector most.
   */
  readonly historyChangesMax: number;
  /** Bytes of values kept with those changes. Default 16 MiB. */
  readonly historyBytesMax: number;
  /** Shortest session time-out granted, in milliseconds. Default 1,000. */
  readonly sessionTimeoutMsMin: number;
  /** Longest limited session time-out granted, in milliseconds. Default 3,600,000; `Infinity` is lasting. */
  readonly sessionTimeoutMsMax: number;
  /** How long a container stays after its last child went, in milliseconds. Default 60,000 (ZooKeeper's sweep). */
  readonly containerGraceMs: number;
}

/** Act at one peer's edge only. */
export interface PeerLimits {
  /** Requests of one session that wait for an answer. Default 4,096; more are `OVERLOADED`. */
  readonly sessionRequestsInFlightMax: number;
  /** Bytes of one session's waiting requests. Default 16 MiB; more are `OVERLOADED`. */
  readonly sessionBytesInFlightMax: number;
  /** Commands in one batch of a session. Default 1,024. */
  readonly batchCommandsMax: number;
  /** Bytes after which a session's batch is closed. Default 256 KiB; one large command may exceed it. */
  readonly batchBytesMax: number;
  /** Entries in one AppendEntries message. Default 256. */
  readonly appendEntriesMax: number;
  /** Bytes of entries after which one AppendEntries message is closed. Default 1 MiB; one entry may exceed it. */
  readonly appendBytesMax: number;
  /** AppendEntries messages on their way to one follower. Default 64. */
  readonly followerMessagesInFlightMax: number;
  /** Bytes of entries on their way to one follower. Default 8 MiB. */
  readonly followerBytesInFlightMax: number;
  /** Bytes of entries that the leader holds uncommitted before it refuses more. Default 64 MiB. */
  readonly uncommittedBytesMax: number;
  /** Entries after which a snapshot is taken. Default 10,000. */
  readonly snapshotAfterEntries: number;
  /**
   * Bytes of entries after which a snapshot is taken. Default 16 MiB; a larger state waits until the log is as long
   * as its last snapshot, so that snapshots never cost more than the writes between them (Raft thesis 5.1.3).
   */
  readonly snapshotAfterBytes: number;
  /** Entries kept behind a snapshot, so that a follower that lags a little needs no snapshot. Default 256. */
  readonly logEntriesKept: number;
  /** Bytes of one chunk of a snapshot. Default 64 KiB, encoded in well under 10 ms. */
  readonly snapshotChunkBytes: number;
  /** Bytes of one frame on the wire. Default 16 MiB, above the largest multi and batch. */
  readonly frameBytesMax: number;
  /** Commands applied in one step before other work gets its turn. Default 2,048. */
  readonly applyCommandsPerStepMax: number;
  /** Batches waiting in one watch stream. Default 10,000; more are `WATCH_OVERFLOW` or a resync. */
  readonly watchQueueMax: number;
  /** Watches of one session. Default 10,000. */
  readonly watchesPerSessionMax: number;
  /** Znodes in the first snapshot of a watch. Default 100,000. */
  readonly watchSnapshotZnodesMax: number;
  /** Connections of sessions without a replica that this peer serves. Default 10,000; more are `OVERLOADED`. */
  readonly servedSessionsMax: number;
  /** Names that a listing answers without a `limit`. Default 10,000; more are `LIMIT_EXCEEDED`. */
  readonly pageNamesMax: number;
}

/** All limits together: what the options of a peer take. */
export interface Limits extends EnsembleLimits, PeerLimits {}

const KiB = 1024;
const MiB = 1024 * KiB;

/** What the first leader writes into the log unless its peer was given something else. */
export const defaultEnsembleLimits: EnsembleLimits = Object.freeze({
  valueBytesMax: MiB,
  multiOperationsMax: 1_024,
  multiBytesMax: 4 * MiB,
  recursiveDeleteMax: 10_000,
  ephemeralsPerSessionMax: 10_000,
  sessionsMax: 100_000,
  repliesPerSessionMax: 8_192,
  historyChangesMax: 2_048,
  historyBytesMax: 16 * MiB,
  sessionTimeoutMsMin: 1_000,
  sessionTimeoutMsMax: 3_600_000,
  containerGraceMs: 60_000,
});

/** What a peer keeps to unless it was given something else. */
export const defaultPeerLimits: PeerLimits = Object.freeze({
  sessionRequestsInFlightMax: 4_096,
  sessionBytesInFlightMax: 16 * MiB,
  batchCommandsMax: 1_024,
  batchBytesMax: 256 * KiB,
  appendEntriesMax: 256,
  appendBytesMax: MiB,
  followerMessagesInFlightMax: 64,
  followerBytesInFlightMax: 8 * MiB,
  uncommittedBytesMax: 64 * MiB,
  snapshotAfterEntries: 10_000,
  snapshotAfterBytes: 16 * MiB,
  logEntriesKept: 256,
  snapshotChunkBytes: 64 * KiB,
  frameBytesMax: 16 * MiB,
  applyCommandsPerStepMax: 2_048,
  watchQueueMax: 10_000,
  watchesPerSessionMax: 10_000,
  watchSnapshotZnodesMax: 100_000,
  servedSessionsMax: 10_000,
  pageNamesMax: 10_000,
});

/** Bounds of the format itself: they never change without a new format version. */
export const pathBytesMax = 1_024;
export const pathSegmentsMax = 128;
/** Nesting of arrays and objects in one value: decoding must never exhaust the stack. */
export const valueDepthMax = 64;
/** Room in a frame for everything beside its bodies: header, member ids, and what each of many entries adds. */
export const frameReserveBytes: number = 32 * KiB;
