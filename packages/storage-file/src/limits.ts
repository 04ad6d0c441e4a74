/** Every bound of this package, with its unit and its reason. */

const KiB = 1_024;
const MiB = 1_024 * KiB;

/** Bytes that a disk writes as a whole: what is torn is torn between, or inside of the last one that is there. */
export const sectorBytes = 512;

/**
 * Bytes of one segment of the log, made of zeros before it is used. Default 8 MiB: two of them (the one in use and
 * the next) are what an idle storage costs, and making one takes some 10 ms. Fewer: more of them are made and
 * removed; more: a longer start, and more of the log stays behind each snapshot.
 */
export const segmentBytesDefault: number = 8 * MiB;
/** Below this the headers would be a good part of a segment. */
export const segmentBytesMin: number = 16 * KiB;
/** A segment is read as a whole when a storage opens. */
export const segmentBytesMax: number = 1_024 * MiB;

/** Bytes of one slot of the manifest. 128 KiB hold a membership of 1,000 members with room to spare. */
export const slotBytes: number = 128 * KiB;

/** Zeros that are written, and synced, at a time: the log's own syncs queue behind one such piece, not a segment. */
export const zeroBytes: number = 1 * MiB;

/** Bytes of a snapshot under one checksum: what is read to answer the smallest question. */
export const snapshotBlockBytes: number = 64 * KiB;

/** Bytes of a growing snapshot between two syncs, so that the last one does not hold up the log for long. */
export const snapshotSyncBytes: number = 4 * MiB;

/** Complete snapshots that are kept: the newest, and one to fall back to when the newest is damaged. */
export const snapshotsKept = 2;

/** Snapshots that grow at one time: an own one and a received one, and as many that were given up unannounced. */
export const snapshotsGrowingMax = 4;

/** Bytes that one record's buffer keeps for the next batch; a larger one is given back. */
export const recordBufferBytesMax: number = 4 * MiB;
