/**
 * For tools that look inside: simulators, inspectors, benchmarks. Not part of the stable API.
 *
 * @packageDocumentation
 */
export { BatchBuilder, encodeSystemBatch } from '../codec/batch.ts';
export type { Op } from '../codec/op.ts';
export { sourceOf } from '../codec/value-source.ts';
export { encodeValue, ValueEncoder } from '../codec/value-encode.ts';
export { defaultEnsembleLimits, defaultPeerLimits } from '../limits.ts';
export { Machine } from '../machine/machine.ts';
export { openObservedPeer } from '../peer/open-peer.ts';
export type { PeerObserver } from '../peer/observer.ts';
export { Raft } from '../raft/raft.ts';
export type { ProposedBatch, ReplicaInput, ReplicaMessage, ReplicaOutput } from '../replica/contract.ts';
export { Replica } from '../replica/replica.ts';
export { portableChecksum } from '../wire/crc32.ts';
export { decodeFrame, encodeFrame } from '../wire/frame.ts';
export type { DecodeFrameOptions } from '../wire/frame.ts';
