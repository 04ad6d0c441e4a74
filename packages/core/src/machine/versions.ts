/**
 * The machine's version history. What is in the log is replayed by every later release, so a change of what
 * apply() does to any command gets a new row here, and the old behaviour stays for entries under the old one.
 */

export interface MachineVersion {
  readonly version: number;
  /** Release of the library that introduced it. */
  readonly since: string;
  /** What apply() does differently from the version before. */
  readonly change: string;
}

/** Oldest first; the last row is what this release applies. Rows are never changed or removed. */
export const machineVersions: readonly MachineVersion[] = Object.freeze([
  Object.freeze({ version: 1, since: '0.1.0', change: 'the first machine' }),
]);

/** The version that this release applies and writes into its snapshots. */
export const machineVersion = 1 as const;

/** Version of the snapshot's layout (snapshot-frames.ts, snapshot-records.ts). */
export const snapshotFormatVersion = 1 as const;
