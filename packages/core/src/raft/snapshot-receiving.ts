/**
 * The follower's side of InstallSnapshot (Raft thesis 5.1), and own snapshots.
 *
 * A chunk is taken in its order only, judged by the machine before it is stored, and acknowledged once it is
 * durable. The last one installs: the log is replaced, the membership is the snapshot's, and the snapshot's
 * index is committed; unless the log holds that very entry already, then nothing that follows it is lost.
 * A snapshot never takes back what is committed here.
 */
import { invariant } from '../invariant.ts';
import type { SnapshotMeta } from '../ports/entry.ts';
import { followLeader } from './follower.ts';
import type { InstallSnapshot } from './messages.ts';
import type { RaftState } from './state.ts';

export function handleInstallSnapshot(state: RaftState, message: InstallSnapshot): void {
  followLeader(state, message);
  const { meta } = message;
  if (isContained(state, meta)) {
    if (state.receiving?.meta.index === meta.index) state.receiving = undefined;
    if (meta.index > state.commitIndex) state.advanceCommit(meta.index);
    reply(state, message, { nextOffset: 0, installed: true });
    return;
  }
  const { receiving } = state;
  // One chunk at a time is with the machine; the leader sends this one again.
  if (receiving?.judging !== undefined) return;
  const isSame = receiving?.from === message.from && isSameSnapshot(receiving.meta, meta);
  const expected = isSame ? receiving.nextOffset : 0;
  if (message.offset !== expected) {
    reply(state, message, { nextOffset: expected, installed: false });
    return;
  }
  state.receiving = { from: message.from, meta, nextOffset: expected, judging: message };
  state.outbox.receiveChunk(message);
}

/** The input `chunk-judged`. A refused snapshot begins anew when the leader sends its chunk again. */
export function handleChunkJudged(state: RaftState, meta: SnapshotMeta, accepted: boolean): void {
  const { receiving } = state;
  const chunk = receiving?.judging;
  if (receiving === undefined || chunk === undefined || !isSameSnapshot(receiving.meta, meta)) return;
  receiving.judging = undefined;
  if (!accepted || meta.index <= state.commitIndex) {
    state.receiving = undefined;
    return;
  }
  state.outbox.storeChunk({ meta: chunk.meta, offset: chunk.offset, bytes: chunk.bytes, last: chunk.last });
  receiving.nextOffset += chunk.bytes.length;
  if (chunk.last) {
    state.receiving = undefined;
    complete(state, chunk.meta);
  }
  reply(state, chunk, { nextOffset: receiving.nextOffset, installed: chunk.last });
}

/** The input `snapshot-taken`: an own snapshot is durable. One that is older than an installed one is no news. */
export function handleSnapshotTaken(state: RaftState, meta: SnapshotMeta): void {
  if (meta.index <= state.log.snapshotIndex) return;
  invariant(meta.index <= state.commitIndex, 'a snapshot holds committed entries only', {
    index: meta.index,
    commitIndex: state.commitIndex,
  });
  state.log.snapshotTaken(meta);
  const through = meta.index - state.config.logEntriesKept;
  if (through > state.log.boundaryIndex) {
    state.log.compactThrough(through);
    state.outbox.compact(through);
  }
  state.memberships.snapshotTaken(meta, false);
}

function complete(state: RaftState, meta: SnapshotMeta): void {
  if (state.log.termAt(meta.index) !== meta.term) {
    state.install(meta);
    return;
  }
  // Entries arrived meanwhile and were acknowledged: they stay, and the snapshot is like an own one.
  state.advanceCommit(meta.index);
  handleSnapshotTaken(state, meta);
}

/** The log has this snapshot's entry, or it is committed here: there is nothing to install. */
function isContained(state: RaftState, meta: SnapshotMeta): boolean {
  return meta.index <= state.commitIndex || state.log.termAt(meta.index) === meta.term;
}

function isSameSnapshot(left: SnapshotMeta, right: SnapshotMeta): boolean {
  return left.index === right.index && left.term === right.term;
}

function reply(
  state: RaftState,
  request: InstallSnapshot,
  answer: { readonly nextOffset: number; readonly installed: boolean },
): void {
  state.outbox.promise({
    kind: 'install-snapshot-reply',
    ...state.header(request.from),
    index: request.meta.index,
    nextOffset: answer.nextOffset,
    installed: answer.installed,
    round: request.round,
  });
}
