/**
 * A seeded world in which production peers and your own code run, repeatably.
 *
 * @packageDocumentation
 */
export { allInvariants } from './invariants/all.ts';
export { InvariantBroken } from './invariants/invariant.ts';
export type {
  Invariant,
  InvariantWatch,
  ObservedPeer,
  ObservedSend,
  ObservedStep,
  ObservedWrite,
  WorldView,
} from './invariants/invariant.ts';
export type { Call, Ending, ReadCall, ReadZnode, Recorded, Result, WriteCall } from './history/call.ts';
export { isWriteCall } from './history/call.ts';
export { History } from './history/history.ts';
export type { HistoryOptions } from './history/history.ts';
export {
  describeCall,
  describeEnding,
  describeOperation,
  showPlain,
} from './history/operation.ts';
export type { OperationRecord, OperationTrace, SessionRecord } from './history/operation.ts';
export { Recorder } from './history/recorder.ts';
export type { RecordedAs } from './history/recorder.ts';
export type { FencedAccess, LockRecord, QueueRecord } from './history/resource-record.ts';
export type { RecordedBatch, RecordedDelivery, WatchEnding, WatchRecord } from './history/watch-record.ts';
export { InvariantHub } from './invariants/invariant-hub.ts';
export type { Ledger } from './invariants/ledger/ledger.ts';
export type { PeerFacts } from './invariants/peer-facts.ts';
export type { FaultCounts, FaultKind } from './world/faults.ts';
export type { FileConditions, FileDisk } from './world/file-disk.ts';
export type { TimerConditions } from './world/host-clock.ts';
export type { CrashOptions, Host, HostMain, HostPorts, StartOptions } from './world/host.ts';
export type { LinkConditions } from './world/link.ts';
export type { CutOptions, FlapOptions, Heal } from './world/links.ts';
export type { ConnectionConditions } from './world/member-connections.ts';
export type { Network } from './world/network.ts';
export { streamOf } from './world/random-stream.ts';
export type { RandomStream } from './world/random-stream.ts';
export { simulate, SimulationStuck } from './world/simulate.ts';
export type { Simulated, SimulateOptions } from './world/simulate.ts';
export type { StorageConditions, StorageDisk } from './world/storage-disk.ts';
export type { TraceKind, TraceLine } from './world/trace.ts';
export type { World } from './world/world.ts';
export { CommittedLog } from './checkers/committed-log.ts';
export { checkIndexGuided } from './checkers/index-guided/index-guided.ts';
export type { CheckedRun } from './checkers/index-guided/index-guided.ts';
export { checkLinearizable } from './checkers/linearizability/linearizability.ts';
export type { SearchLimits } from './checkers/linearizability/linearizability.ts';
export { registerModel } from './checkers/linearizability/register-model.ts';
export type { RegisterInput, RegisterOutput } from './checkers/linearizability/register-model.ts';
export type { SequentialModel, TimedOperation } from './checkers/linearizability/sequential-model.ts';
export { worst } from './checkers/verdict.ts';
export type { Undecided, Valid, Verdict, Violation } from './checkers/verdict.ts';
export { counterModel } from './checkers/linearizability/counter-model.ts';
export type { CounterInput, CounterOutput } from './checkers/linearizability/counter-model.ts';
export { checkZnodes, znodeHistories } from './checkers/linearizability/znode-histories.ts';
export type { ZnodeHistory } from './checkers/linearizability/znode-histories.ts';
export { znodeModel } from './checkers/linearizability/znode-model.ts';
export type { ZnodeInput, ZnodeState } from './checkers/linearizability/znode-model.ts';
export { checkWatches } from './checkers/watches/watch-checker.ts';
export type { WatchedRun } from './checkers/watches/watch-checker.ts';
export { grantsOf } from './checkers/locks/grants.ts';
export type { LockGrant } from './checkers/locks/grants.ts';
export { checkLocks, countOverlaps } from './checkers/locks/lock-checker.ts';
export type { LockedRun } from './checkers/locks/lock-checker.ts';
export { checkQueues } from './checkers/queues/queue-checker.ts';
export type { QueuedRun } from './checkers/queues/queue-checker.ts';
export { addCoverage, noCoverage } from './run/coverage.ts';
export type { Coverage, Mark } from './run/coverage.ts';
export { faultClasses } from './run/fault-classes.ts';
export type { FaultClass } from './run/fault-classes.ts';
export { features } from './run/clients/features.ts';
export type { Feature } from './run/clients/features.ts';
export type { Knobs, Reduction } from './run/knobs.ts';
export type { StorageOf } from './run/member.ts';
export { runSeed } from './run/run-seed.ts';
export type { RunSeedOptions, SeedResult } from './run/run-seed.ts';
export type { Violation as SeedViolation } from './run/run-seed.ts';
export { shrink } from './run/shrink.ts';
export type { Shrunk } from './run/shrink.ts';
export { scenario, Story } from './scenario/scenario.ts';
export type { ScenarioOptions } from './scenario/scenario.ts';
