/**
 * Linearizable reads without a log entry (Raft thesis 6.4), on every peer.
 *
 * The leader notes its commit index, starts a round of appends after that, and answers when a quorum has echoed
 * the round: so nobody else was elected before the read was asked for. It needs an entry of its own term to be
 * committed first, or its commit index may be behind one that an earlier leader announced. All reads of one step
 * share a round. Followers forward the read; an attempt that may be lost is failed, and the caller asks again
 * under a fresh id, so that a late answer can never be taken for a newer one (etcd #20418).
 */
import { countedValue } from './counting.ts';
import type { ReadIndex, ReadIndexReply } from './messages.ts';
import { quorumValue } from './quorum.ts';
import type { LeaderRead } from './role-state.ts';
import type { RaftState } from './state.ts';

/** Rounds on their way at one time; further reads wait for one of them and then share the next. */
const readRoundsMax = 8;

/** The input `read`. */
export function requestRead(state: RaftState, id: number): void {
  if (state.leadership !== undefined) {
    state.leadership.readsWaiting.push({ id, from: undefined });
    return;
  }
  state.reads.set(id, { failAt: state.now + state.config.electionTicks, isSent: false });
  forwardReads(state);
}

/** A follower asks; only a leader of this term may answer. */
export function handleReadIndex(state: RaftState, message: ReadIndex): void {
  if (state.leadership === undefined || message.term !== state.term) {
    refuse(state, { id: message.id, from: message.from });
    return;
  }
  state.leadership.readsWaiting.push({ id: message.id, from: message.from });
}

export function handleReadIndexReply(state: RaftState, message: ReadIndexReply): void {
  if (state.reads.get(message.id)?.isSent !== true) return;
  state.reads.delete(message.id);
  if (message.index < 0) state.outbox.notice({ kind: 'read-failed', ids: [message.id] });
  else state.outbox.notice({ kind: 'read-index', ids: [message.id], index: message.index });
}

/** Another leader, none, or the connection to it broke: what was forwarded is lost, what waits may go now. */
export function leaderChanged(state: RaftState): void {
  failReads(state, (read) => read.isSent);
  forwardReads(state);
}

export function tickReads(state: RaftState): void {
  if (state.reads.size === 0) return;
  failReads(state, (read) => state.now >= read.failAt);
  forwardReads(state);
}

/** The leader, at the end of each step: one round for everything that was asked in it. */
export function startReadRound(state: RaftState): void {
  const { leadership } = state;
  if (leadership === undefined || leadership.readsWaiting.length === 0) return;
  if (!state.hasCommittedOwnTerm || leadership.readRounds.length >= readRoundsMax) return;
  leadership.round += 1;
  leadership.readRounds.push({
    round: leadership.round,
    index: state.commitIndex,
    reads: leadership.readsWaiting,
  });
  leadership.readsWaiting = [];
}

/** Answers the reads of all rounds that a quorum has echoed. */
export function confirmReads(state: RaftState): void {
  const { leadership } = state;
  if (leadership === undefined || leadership.readRounds.length === 0) return;
  const confirmed = quorumValue(
    state.membership,
    countedValue(state, { own: leadership.round, of: (progress) => progress.roundEchoed, otherwise: 0 }),
  );
  while (true) {
    const first = leadership.readRounds[0];
    if (first === undefined || first.round > confirmed) return;
    leadership.readRounds.shift();
    answer(state, first);
  }
}

/** The leader is none any more: its reads must be asked again. */
export function abandonLeaderReads(state: RaftState): void {
  const { leadership } = state;
  if (leadership === undefined) return;
  const reads = [...leadership.readRounds.flatMap((round) => round.reads), ...leadership.readsWaiting];
  leadership.readRounds = [];
  leadership.readsWaiting = [];
  const own = reads.filter((read) => read.from === undefined).map((read) => read.id);
  if (own.length > 0) state.outbox.notice({ kind: 'read-failed', ids: own });
  for (const read of reads) if (read.from !== undefined) refuse(state, read);
}

function answer(
  state: RaftState,
  round: { readonly index: number; readonly reads: readonly LeaderRead[] },
): void {
  const own: number[] = [];
  for (const { id, from } of round.reads) {
    if (from === undefined) own.push(id);
    else state.outbox.send({ kind: 'read-index-reply', ...state.header(from), id, index: round.index });
  }
  if (own.length > 0) state.outbox.notice({ kind: 'read-index', ids: own, index: round.index });
}

function refuse(state: RaftState, read: LeaderRead): void {
  if (read.from === undefined) return;
  state.outbox.send({ kind: 'read-index-reply', ...state.header(read.from), id: read.id, index: -1 });
}

/** Reads that wait for a leader go to it as soon as there is one in reach. */
export function forwardReads(state: RaftState): void {
  if (state.leader === undefined || state.isCutOff(state.leader)) return;
  for (const [id, read] of state.reads) {
    if (read.isSent) continue;
    if (state.leadership === undefined) {
      read.isSent = true;
      state.outbox.send({ kind: 'read-index', ...state.header(state.leader), id });
    } else {
      state.reads.delete(id);
      state.leadership.readsWaiting.push({ id, from: undefined });
    }
  }
}

function failReads(
  state: RaftState,
  isLost: (read: { readonly failAt: number; readonly isSent: boolean }) => boolean,
): void {
  const ids: number[] = [];
  for (const [id, read] of state.reads) {
    if (!isLost(read)) continue;
    state.reads.delete(id);
    ids.push(id);
  }
  if (ids.length > 0) state.outbox.notice({ kind: 'read-failed', ids });
}
