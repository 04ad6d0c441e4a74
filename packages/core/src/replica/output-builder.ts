/** Collects one step's output. The arrays are made anew for every step and belong to whoever performs it. */
import type { Persist, RaftOutput } from '../raft/output.ts';
import type {
  AppliedOutput,
  ReadResult,
  ReplicaMessage,
  ReplicaNotice,
  ReplicaOutput,
  WatchDelivery,
} from './contract.ts';

export class OutputBuilder implements ReplicaOutput {
  readonly persists: Persist[] = [];
  readonly sendAfterPersist: ReplicaMessage[] = [];
  readonly sendNow: ReplicaMessage[] = [];
  readonly snapshotReads: RaftOutput['snapshotReads'][number][] = [];
  readonly watches: WatchDelivery[] = [];
  readonly applied: AppliedOutput[] = [];
  readonly reads: ReadResult[] = [];
  readonly notices: ReplicaNotice[] = [];
  more = false;

  /** What Raft wants sent and read. */
  take({ sendNow, sendAfterPersist, snapshotReads }: RaftOutput): void {
    for (const message of sendNow) this.sendNow.push(message);
    for (const message of sendAfterPersist) this.sendAfterPersist.push(message);
    for (const request of snapshotReads) this.snapshotReads.push(request);
  }
}
