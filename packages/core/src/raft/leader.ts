/**
 * The leader (Raft thesis 3.5, 3.6). Whatever a step changed, `finishLeaderStep` draws the conclusions once at its
 * end: what is committed, what is durable everywhere, who lacks what; so messages of one step are joined.
 *
 * Invariants: only an entry of the own term is committed by counting (5.4.2, Figure 8); the own log counts as far
 * as it is durable; a leader that no quorum has answered within an election time-out steps down (check-quorum).
 */
import { invariant } from '../invariant.ts';
import type { Entry } from '../ports/entry.ts';
import { countedValue } from './counting.ts';
import { becomeFollower, setLeader } from './follower.ts';
import { entryBytes } from './log.ts';
import { createMembership, encodeMembership, isVoter, withIncarnation } from './membership.ts';
import { Progress } from './progress.ts';
import { quorumValue, unanimousValue } from './quorum.ts';
import { confirmReads, startReadRound } from './read-index.ts';
import { returningMember } from './readmission.ts';
import { replicate, sendHeartbeat } from './replication.ts';
import { tickSnapshot } from './snapshot-sending.ts';
import type { Leadership } from './role-state.ts';
import type { RaftState } from './state.ts';
import { continueTransfer } from './transfer.ts';

const emptyBody = new Uint8Array(0);

export function becomeLeader(state: RaftState): void {
  invariant(state.role === 'candidate', 'a leader was a candidate');
  invariant(state.vote === state.id, 'a leader has its own vote');
  const { log } = state;
  let uncommittedBytes = 0;
  for (let index = state.commitIndex + 1; index <= log.lastIndex; index += 1) {
    uncommittedBytes += entryBytes(log.entryAt(index));
  }
  state.role = 'leader';
  state.candidacy = undefined;
  state.receiving = undefined;
  state.leadership = {
    followers: new Map(),
    firstIndex: log.lastIndex + 1,
    elapsedMsAtStart: log.lastElapsedMs,
    ticksAtStart: state.ticks,
    startedAt: state.now,
    heartbeatAt: state.now + state.config.heartbeatTicks,
    round: 0,
    readsWaiting: [],
    readRounds: [],
    uncommittedBytes,
    announce: { first: 0, last: 0 },
    durableNews: 0,
  };
  setLeader(state, state.id);
  if (state.memberships.current === undefined) appendFirstMembership(state);
  else appendOwn(state, 'noop', emptyBody);
  syncFollowers(state);
}

/** Milliseconds of ensemble time, counted by this leader's ticks since it began. */
export function leaderElapsedMs(state: RaftState, leadership: Leadership): number {
  return leadership.elapsedMsAtStart + (state.ticks - leadership.ticksAtStart) * state.config.tickMs;
}

/** Appends an entry of the leader's own; the caller has asked whether it may. */
export function appendOwn(state: RaftState, kind: Entry['kind'], body: Uint8Array): void {
  const { leadership, log } = state;
  invariant(leadership !== undefined, 'only a leader appends entries of its own');
  const entry: Entry = {
    index: log.lastIndex + 1,
    term: state.term,
    kind,
    wallMs: Math.max(state.wallMs, log.lastWallMs),
    elapsedMs: leaderElapsedMs(state, leadership),
    body,
  };
  invariant(entry.elapsedMs >= log.lastElapsedMs, 'ensemble time never runs backwards');
  state.appendEntries([entry]);
  leadership.uncommittedBytes += entryBytes(entry);
}

export function propose(state: RaftState, body: Uint8Array, announceDurable: boolean): void {
  const { leadership } = state;
  invariant(leadership !== undefined, 'only a leader takes proposals');
  appendOwn(state, 'commands', body);
  if (!announceDurable) return;
  const { lastIndex } = state.log;
  leadership.announce = {
    first: leadership.announce.last > 0 ? leadership.announce.first : lastIndex,
    last: lastIndex,
  };
}

export function tickLeader(state: RaftState): void {
  const { leadership, config } = state;
  if (leadership === undefined) return;
  const silentSince = state.now - config.electionTicks;
  for (const progress of leadership.followers.values()) {
    tickSnapshot(state, progress);
    if (!progress.isHealthy || progress.heardAt > silentSince) continue;
    progress.isHealthy = false;
    state.outbox.notice({ kind: 'member-health', member: progress.member, healthy: false });
  }
  const heardAt = countedValue(state, {
    own: state.now,
    of: (progress) => progress.heardAt,
    otherwise: leadership.startedAt,
  });
  if (quorumValue(state.membership, heardAt) <= silentSince) {
    becomeFollower(state, state.term, undefined);
    return;
  }
  if (state.now < leadership.heartbeatAt) return;
  leadership.heartbeatAt = state.now + config.heartbeatTicks;
  for (const progress of leadership.followers.values()) sendHeartbeat(state, progress);
}

/** Draws the conclusions of a step, once. */
export function finishLeaderStep(state: RaftState): void {
  const match = countedValue(state, {
    own: state.outbox.persistedIndex,
    of: (progress) => progress.matchIndex,
    otherwise: 0,
  });
  advanceCommit(state, match);
  if (mustStepDown(state)) {
    becomeFollower(state, state.term, undefined);
    return;
  }
  const { leadership } = state;
  if (leadership === undefined) return;
  advanceDurable(state, match);
  readmitReturning(state);
  startReadRound(state);
  for (const progress of leadership.followers.values()) replicate(state, progress);
  confirmReads(state);
  continueTransfer(state);
}

/** (Raft thesis 3.6.2) Counting commits entries of the own term only, and with them all before. */
function advanceCommit(state: RaftState, match: (voter: string) => number): void {
  const { leadership, log } = state;
  if (leadership === undefined) return;
  const index = quorumValue(state.membership, match);
  if (index <= state.commitIndex || log.termAt(index) !== state.term) return;
  for (let committed = state.commitIndex + 1; committed <= index; committed += 1) {
    leadership.uncommittedBytes -= entryBytes(log.entryAt(committed));
  }
  invariant(leadership.uncommittedBytes >= 0, 'uncommitted bytes add up');
  state.advanceCommit(index);
}

/** What every voter holds durably; told at once where a session waits for it. */
function advanceDurable(state: RaftState, match: (voter: string) => number): void {
  const { leadership } = state;
  if (leadership === undefined) return;
  state.advanceDurable(unanimousValue(state.membership, match));
  const { announce } = leadership;
  if (announce.last === 0 || state.durableIndex < announce.first) return;
  leadership.durableNews = state.durableIndex;
  const isDone = state.durableIndex >= announce.last;
  leadership.announce = isDone
    ? { first: 0, last: 0 }
    : { first: state.durableIndex + 1, last: announce.last };
}

/** A leader that is no voter any more leads only until that is committed (Raft thesis 4.2.2). */
function mustStepDown(state: RaftState): boolean {
  const isSettled = state.memberships.currentIndex <= state.commitIndex;
  return state.leadership !== undefined && isSettled && !isVoter(state.membership, state.id);
}

/** Lists the new incarnation of a member that has caught up; it counts once this entry is committed. */
function readmitReturning(state: RaftState): void {
  const returning = returningMember(state);
  if (returning === undefined) return;
  const { id, incarnation } = returning;
  appendOwn(state, 'membership', encodeMembership(withIncarnation(state.membership, id, incarnation)));
}

/** The very first entry fixes the identity of the ensemble and its founding members. */
function appendFirstMembership(state: RaftState): void {
  invariant(state.isEmpty, 'only an empty log lacks a membership');
  let identity = '';
  for (let word = 0; word < 4; word += 1) {
    identity += (state.config.randomU32() >>> 0).toString(16).padStart(8, '0');
  }
  const { voters, outgoing, learners, members } = state.membership;
  const founding = createMembership({
    identity,
    voters,
    outgoing,
    learners,
    members: Object.entries(members),
  });
  appendOwn(state, 'membership', encodeMembership(founding));
}

/** Follows the membership: every member but this one is replicated to. */
function syncFollowers(state: RaftState): void {
  const { leadership } = state;
  if (leadership === undefined) return;
  const { members } = state.membership;
  for (const id of Object.keys(members)) {
    if (id === state.id || leadership.followers.has(id)) continue;
    // The first guess is that a follower lacks only what this leader appends now.
    leadership.followers.set(id, new Progress(id, state.log.lastIndex, state.now));
  }
  for (const id of leadership.followers.keys()) {
    if (members[id] === undefined) leadership.followers.delete(id);
  }
}
