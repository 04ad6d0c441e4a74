/**
 * Quorate: coordination that you import instead of deploy.
 *
 * A few processes (or workers) each open a peer; the peers replicate one small tree by consensus, and the
 * application uses it for configuration, membership, locks, elections, queues and counters.
 *
 * @example
 * import { openPeer } from '@quorate/core';
 * const peer = await openPeer({ id: 'a' });
 * const session = await peer.openSession();
 * await session.create('/greeting', 'hello');
 *
 * @packageDocumentation
 */
export { CoordinationError } from './errors.ts';
export type { CoordinationErrorOptions, ErrorCode, ErrorDetails, Outcome } from './errors.ts';
export type { EnsembleLimits, Limits, PeerLimits } from './limits.ts';
export type { Stat } from './codec/stat.ts';
export type { Storable, Value } from './codec/value.ts';
export { memoryStorage } from './peer/memory-storage.ts';
export { openPeer } from './peer/open-peer.ts';
export type {
  LocalTree,
  MemberInfo,
  Peer,
  PeerEvents,
  PeerOptions,
  PeerStatus,
  PeerTimings,
  SessionInfo,
  TimingOptions,
} from './peer/peer-types.ts';
export { connect } from './remote/connect.ts';
export type { ConnectOptions } from './remote/connect-options.ts';
export type {
  CreateOptions,
  Created,
  DeleteOptions,
  Draft,
  IncrementOptions,
  Operation,
  OperationOptions,
  OperationResult,
  PageOptions,
  ReadOptions,
  Session,
  SessionOptions,
  SessionState,
  SetOptions,
  Swapped,
  UpdateOptions,
  WaitOptions,
  WatchBatch,
  WatchEvent,
  WatchOptions,
  WatchStream,
  WriteOptions,
  Znode,
} from './session/api-types.ts';
export { op } from './session/op.ts';
