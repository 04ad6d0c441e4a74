/**
 * How the leader brings its log to the followers: pipelined, bounded, and repaired by the followers' answers
 * (Raft thesis 3.5, 10.2.1). Every loss is found by the next heartbeat: it names the entry after which the next
 * one will be sent, and a follower that lacks it says where it stands.
 */
import { invariant } from '../invariant.ts';
import type { Entry } from '../ports/entry.ts';
import { hearFollower } from './counting.ts';
import { entryBytes } from './log.ts';
import type { AppendReply } from './messages.ts';
import type { Progress } from './progress.ts';
import { continueSnapshot, sendSnapshotInstead } from './snapshot-sending.ts';
import type { Leadership } from './role-state.ts';
import type { RaftState } from './state.ts';

/** Sends a follower whatever it lacks and may have now: entries, a round; a new commit index waits for `announce`. */
export function replicate(state: RaftState, progress: Progress): void {
  const { config, leadership, log } = state;
  if (leadership === undefined) return;
  const bounds = {
    messagesMax: config.followerMessagesInFlightMax,
    bytesMax: config.followerBytesInFlightMax,
  };
  let isSent = false;
  while (progress.canSend(bounds) && (progress.nextIndex <= log.lastIndex || progress.state === 'probe')) {
    if (!sendEntries(state, progress)) break;
    isSent = true;
  }
  if (progress.state === 'snapshot') continueSnapshot(state, progress);
  if (isSent) return;
  if (progress.roundSent < leadership.round) sendHeartbeat(state, progress);
  else if (hasNews(state, progress, leadership)) state.outbox.newsWait();
}

/**
 * Tells what no append of this turn has carried: that entries are committed, or durable everywhere. Must not wait for
 * the next heartbeat; but sent at once, the next write would nearly always follow it, and say the same.
 */
export function announce(state: RaftState): void {
  const { leadership } = state;
  if (leadership === undefined) return;
  for (const progress of leadership.followers.values()) {
    if (hasNews(state, progress, leadership)) sendHeartbeat(state, progress);
  }
}

/** An append without entries: "I lead; this is committed; you should have everything before this". */
export function sendHeartbeat(state: RaftState, progress: Progress): void {
  const { log } = state;
  const term = log.termAt(progress.nextIndex - 1);
  // Compacted away while the follower was behind, or while what it was sent got lost.
  if (progress.state !== 'snapshot' && term === undefined) sendSnapshotInstead(state, progress);
  if (progress.state !== 'snapshot' && term !== undefined) {
    sendAppend(state, progress, { previousIndex: progress.nextIndex - 1, previousTerm: term, entries: [] });
    return;
  }
  // The follower needs a snapshot. The boundary is an entry whose term is certain, and a follower that has it
  // after all (an answer was lost) needs the snapshot no more.
  sendAppend(state, progress, {
    previousIndex: log.boundaryIndex,
    previousTerm: log.boundaryTerm,
    entries: [],
  });
}

export function handleAppendReply(state: RaftState, message: AppendReply): void {
  const { log } = state;
  const progress = hearFollower(state, message, message.previousIndex);
  if (progress === undefined) return;
  progress.isVouched = message.admitted;
  if (message.accepted) {
    invariant(message.matchIndex <= log.lastIndex, 'a follower acknowledges what was sent', {
      from: message.from,
      matchIndex: message.matchIndex,
      lastIndex: log.lastIndex,
    });
    // The logs agree up to previousIndex, which this leader named; the match may be lower while disks work.
    progress.accepted(message.matchIndex, Math.min(message.previousIndex, log.lastIndex));
    return;
  }
  const agreeable = log.lastAgreeable(message.hintIndex, message.hintTerm);
  progress.rejected(message.previousIndex, agreeable.index);
}

/** False: the entries are compacted away, and the follower gets the snapshot instead. */
function sendEntries(state: RaftState, progress: Progress): boolean {
  const { config, log } = state;
  const previousIndex = progress.nextIndex - 1;
  const previousTerm = log.termAt(previousIndex);
  if (previousTerm === undefined) {
    sendSnapshotInstead(state, progress);
    return false;
  }
  const bounds = { entriesMax: config.appendEntriesMax, bytesMax: config.appendBytesMax };
  const entries = log.slice(progress.nextIndex, bounds);
  let bytes = 0;
  for (const entry of entries) bytes += entryBytes(entry);
  sendAppend(state, progress, { previousIndex, previousTerm, entries });
  progress.sent(previousIndex + entries.length, bytes);
  return true;
}

function sendAppend(
  state: RaftState,
  progress: Progress,
  part: { readonly previousIndex: number; readonly previousTerm: number; readonly entries: readonly Entry[] },
): void {
  const { leadership, commitIndex, durableIndex } = state;
  if (leadership === undefined) return;
  const { round } = leadership;
  progress.roundSent = round;
  progress.commitSent = commitIndex;
  progress.durableSent = durableIndex;
  state.outbox.send({
    kind: 'append',
    ...state.header(progress.member),
    previousIndex: part.previousIndex,
    previousTerm: part.previousTerm,
    entries: part.entries,
    commitIndex,
    durableIndex,
    round,
  });
}

function hasNews(state: RaftState, progress: Progress, leadership: Leadership): boolean {
  if (progress.state !== 'replicate') return false;
  return progress.commitSent < state.commitIndex || progress.durableSent < leadership.durableNews;
}
