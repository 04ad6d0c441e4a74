/** How a tool looks inside a running peer (simulator, inspector): it sees every step and changes none. */
import type { StoredState } from '../ports/storage.ts';
import type { ReplicaInput, ReplicaMessage, ReplicaOutput } from '../replica/contract.ts';
import type { Replica } from '../replica/replica.ts';

/** Told in the order in which things happen. What it is given is not to be changed; what it throws stops the peer. */
export interface PeerObserver {
  /** The replica as restored from its storage, before its first step. */
  opened(replica: Replica, stored: StoredState): void;
  /** One step, before its output is performed. `input` is undefined for the start. */
  stepped(input: ReplicaInput | undefined, output: ReplicaOutput): void;
  /** A message at the moment in which it is handed to the transport. */
  sent(message: ReplicaMessage): void;
}
