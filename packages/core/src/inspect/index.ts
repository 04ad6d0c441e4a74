/**
 * For tools that look inside: simulators, inspectors, benchmarks. Not part of the stable API.
 *
 * @packageDocumentation
 */
export { BatchBuilder, decodeBatch, encodeSystemBatch, isSystemBatch, splitBatches } from '../codec/batch.ts';
export type { Batch, SessionBatch, SystemBatch } from '../codec/batch.ts';
export type { MultiOp, Op, SingleOp, SystemOp } from '../codec/op.ts';
export type { Reply } from '../codec/reply.ts';
export { pathProblem } from '../codec/path.ts';
export { formatSessionId, parseSessionId } from '../codec/stat.ts';
export { checkValue } from '../codec/value-check.ts';
export { decodeValue } from '../codec/value-decode.ts';
export type { ValueSource } from '../codec/value.ts';
export { sourceOf } from '../codec/value-source.ts';
export { encodeValue, ValueEncoder } from '../codec/value-encode.ts';
export { invariant, InvariantViolation } from '../invariant.ts';
export { defaultEnsembleLimits, defaultPeerLimits } from '../limits.ts';
export { Machine } from '../machine/machine.ts';
export type { AppliedItem, Change, SessionView, Transaction } from '../machine/contract.ts';
export { SnapshotReader } from '../machine/snapshot-reader.ts';
export { openObservedPeer } from '../peer/open-peer.ts';
export type { PeerObserver } from '../peer/observer.ts';
export { decodeMembership, encodeMembership } from '../raft/membership.ts';
export type { Membership } from '../raft/membership.ts';
export type { Role } from '../raft/output.ts';
export { Raft } from '../raft/raft.ts';
export type { FollowerView } from '../raft/raft.ts';
export type { ReplicaConfig } from '../replica/config.ts';
export type { ProposedBatch, ReplicaInput, ReplicaMessage, ReplicaOutput } from '../replica/contract.ts';
export { Replica } from '../replica/replica.ts';
export { observeSession } from '../session/session.ts';
export type { ObservedCall, SessionObserver } from '../session/observer.ts';
export type { ZnodeRecord } from '../tree/znode-record.ts';
export { portableChecksum } from '../wire/crc32.ts';
export { decodeFrame, encodeFrame } from '../wire/frame.ts';
export type { DecodeFrameOptions } from '../wire/frame.ts';
