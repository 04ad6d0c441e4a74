/**
 * The leader's side of InstallSnapshot (Raft thesis 5.1): chunk by chunk, read from the own storage when the one
 * before it has been answered, so that no follower makes the leader hold more than one chunk for it. Where to go
 * on is the follower's word; a lost message is sent again after an election time-out; heartbeats go on meanwhile.
 */
import { invariant } from '../invariant.ts';
import { hearFollower } from './counting.ts';
import type { RaftInput } from './input.ts';
import type { InstallSnapshotReply } from './messages.ts';
import type { Progress } from './progress.ts';
import type { RaftState } from './state.ts';

export function sendSnapshotInstead(state: RaftState, progress: Progress): void {
  const { snapshot } = state.log;
  invariant(snapshot !== undefined, 'what is compacted away is in a snapshot', {
    boundary: state.log.boundaryIndex,
  });
  progress.needsSnapshot(snapshot, state.now);
}

/** Asks the storage for the next chunk, unless one is under way. */
export function continueSnapshot(state: RaftState, progress: Progress): void {
  const { transfer } = progress;
  if (transfer === undefined || transfer.phase !== 'idle') return;
  if (transfer.offset === 0 && transfer.meta !== state.log.snapshot) sendSnapshotInstead(state, progress);
  const next = progress.transfer;
  if (next === undefined) return;
  next.phase = 'reading';
  next.since = state.now;
  state.outbox.readSnapshot({
    to: progress.member,
    meta: next.meta,
    offset: next.offset,
    length: state.config.snapshotChunkBytes,
  });
}

/** The input `snapshot-read`: the chunk, or the news that it cannot be read any more. */
export function handleSnapshotRead(
  state: RaftState,
  chunk: Extract<RaftInput, { readonly kind: 'snapshot-read' }>,
): void {
  const progress = state.leadership?.followers.get(chunk.to);
  const transfer = progress?.transfer;
  if (state.leadership === undefined || progress === undefined || transfer === undefined) return;
  const { meta, offset } = transfer;
  if (transfer.phase !== 'reading' || chunk.offset !== offset || chunk.meta.index !== meta.index) return;
  if (chunk.bytes === undefined) {
    sendSnapshotInstead(state, progress);
    // The same snapshot again would fail again at once: wait as if it had been sent and lost.
    if (progress.transfer?.meta.index === meta.index) progress.transfer.phase = 'sent';
    return;
  }
  transfer.phase = 'sent';
  transfer.since = state.now;
  transfer.length = chunk.bytes.length;
  progress.roundSent = state.leadership.round;
  state.outbox.send({
    kind: 'install-snapshot',
    ...state.header(chunk.to),
    meta,
    offset,
    bytes: chunk.bytes,
    last: chunk.last,
    round: state.leadership.round,
  });
}

export function handleInstallReply(state: RaftState, message: InstallSnapshotReply): void {
  const progress = hearFollower(state, message, state.log.lastIndex);
  const transfer = progress?.transfer;
  if (progress === undefined || transfer === undefined || transfer.meta.index !== message.index) return;
  if (message.installed) {
    progress.installed(message.index);
    return;
  }
  // The offset that was asked for: the chunk did not arrive yet, or this answer is old. The time-out decides.
  if (transfer.phase !== 'sent' || message.nextOffset === transfer.offset) return;
  transfer.offset = message.nextOffset;
  transfer.phase = 'idle';
}

/** A chunk or its answer may be lost: send it again. */
export function tickSnapshot(state: RaftState, progress: Progress): void {
  const { transfer } = progress;
  if (transfer === undefined || transfer.phase !== 'sent') return;
  if (state.now - transfer.since >= state.config.electionTicks) transfer.phase = 'idle';
}
