/** What one replica is told once, when it is made. */
import type { EnsembleLimits } from '../limits.ts';
import type { RaftConfig } from '../raft/input.ts';

/** The bounds and the place of one replica. */
export interface ReplicaConfig {
  readonly raft: RaftConfig;
  /** Written into the log by the first leader. */
  readonly ensembleLimits: EnsembleLimits;
  readonly applyCommandsPerStepMax: number;
  readonly snapshotAfterEntries: number;
  readonly snapshotAfterBytes: number;
  readonly snapshotChunkBytes: number;
  readonly frameBytesMax: number;
  readonly watchSnapshotZnodesMax: number;
  readonly pageNamesMax: number;
}
