/**
 * The follower, and what every role does when it hears of a newer term or of a leader (Raft thesis 3.3 to 3.5).
 *
 * Invariants: only what conflicts with the leader's log is truncated, never what is committed; the commit index
 * moves only over entries that this leader's append has shown to be the same as its own.
 */
import { invariant } from '../invariant.ts';
import type { Entry } from '../ports/entry.ts';
import type { Append, MessageHeader, TimeoutNow } from './messages.ts';
import { abandonLeaderReads, forwardReads, leaderChanged } from './read-index.ts';
import type { RaftState } from './state.ts';
import { settleTransfer } from './transfer.ts';

/** Into a term (the present one or a newer one) as a follower, of nobody yet if `leader` is undefined. */
export function becomeFollower(state: RaftState, term: number, leader: string | undefined): void {
  const isNewTerm = term > state.term;
  if (isNewTerm) state.setTerm(term, undefined);
  invariant(term === state.term, 'nobody follows into an older term', { term, ownTerm: state.term });
  if (state.role !== 'follower') {
    if (state.role === 'leader') abandonLeaderReads(state);
    state.role = 'follower';
    state.leadership = undefined;
    state.candidacy = undefined;
    state.resetElectionTimer();
  }
  setLeader(state, leader);
}

/** Notes who leads in this term; reads that waited for somebody else are lost or may be asked now. */
export function setLeader(state: RaftState, leader: string | undefined): void {
  if (leader !== undefined && !state.isCutOff(leader)) state.leaderHeardAt = state.now;
  if (state.leader === leader) return;
  state.leader = leader;
  settleTransfer(state);
  leaderChanged(state);
}

/** A message that only the leader of its term sends. */
export function followLeader(state: RaftState, message: MessageHeader): void {
  invariant(message.term === state.term, 'a leader is followed in its term');
  invariant(state.role !== 'leader', 'one leader a term', { term: state.term, other: message.from });
  invariant(state.leader === undefined || state.leader === message.from, 'one leader a term', {
    term: state.term,
    leader: state.leader,
    other: message.from,
  });
  becomeFollower(state, message.term, message.from);
  if (!state.isCutOff(message.from)) state.resetElectionTimer();
}

export function handleAppend(state: RaftState, message: Append): void {
  followLeader(state, message);
  const { log } = state;
  if (!agreesAt(state, message.previousIndex, message.previousTerm)) {
    const hint = log.lastAgreeable(message.previousIndex, message.previousTerm);
    answer(state, message, { accepted: false, matchIndex: 0, hint });
    return;
  }
  // Whoever takes entries needs no snapshot: one that was arriving is given up, or it would be in the way of own ones.
  state.receiving = undefined;
  appendMissing(state, message.entries);
  const agreedIndex = Math.min(message.previousIndex + message.entries.length, log.lastIndex);
  const commitIndex = Math.min(message.commitIndex, agreedIndex);
  if (commitIndex > state.commitIndex) state.advanceCommit(commitIndex);
  state.advanceDurable(Math.min(message.durableIndex, agreedIndex));
  answer(state, message, { accepted: true, matchIndex: agreedIndex, hint: { index: 0, term: 0 } });
}

/** (Raft thesis 3.5) What is committed is the same everywhere, also where the entry itself is compacted away. */
function agreesAt(state: RaftState, index: number, term: number): boolean {
  if (index <= state.commitIndex) {
    const own = state.log.termAt(index);
    invariant(own === undefined || own === term, 'committed entries are the same everywhere', {
      index,
      own,
      term,
    });
    return true;
  }
  return state.log.termAt(index) === term;
}

/** Appends what is not here yet; truncates only from the first entry that differs. */
function appendMissing(state: RaftState, entries: readonly Entry[]): void {
  const { log } = state;
  for (const [position, entry] of entries.entries()) {
    if (entry.index <= log.boundaryIndex) continue;
    const own = log.termAt(entry.index);
    if (own === entry.term) continue;
    if (own !== undefined) state.truncateFrom(entry.index);
    state.appendEntries(entries.slice(position));
    return;
  }
}

interface AppendAnswer {
  readonly accepted: boolean;
  readonly matchIndex: number;
  readonly hint: { readonly index: number; readonly term: number };
}

/**
 * Answers an append. One without entries (a heartbeat) is answered at once with what is durable already, so that
 * the round that it carries does not wait for the disk; all others once their entries are durable.
 */
function answer(state: RaftState, message: Append, found: AppendAnswer): void {
  const isHeartbeat = message.entries.length === 0;
  const matchIndex = isHeartbeat ? Math.min(found.matchIndex, state.outbox.persistedIndex) : found.matchIndex;
  const reply = {
    kind: 'append-reply',
    ...state.header(message.from),
    accepted: found.accepted,
    matchIndex,
    hintIndex: found.hint.index,
    hintTerm: found.hint.term,
    previousIndex: message.previousIndex,
    round: message.round,
    admitted: state.isAdmitted && !state.isEmpty,
  } as const;
  if (isHeartbeat || !found.accepted) state.outbox.send(reply);
  else state.outbox.promise(reply);
}

/** The leader wants this peer to lead (Raft thesis 3.10). True: campaign at once. */
export function isToldToCampaign(state: RaftState, message: TimeoutNow): boolean {
  return state.role === 'follower' && state.leader === message.from && state.mayCampaign;
}

/**
 * The connection to a member broke. If it led, it is no reason any more to ignore candidates, what it sent before
 * puts nothing off, and a campaign follows soon: the first voter's at the next tick.
 */
export function handleDisconnected(state: RaftState, member: string): void {
  state.brokenAt.set(member, state.now);
  if (state.role !== 'follower' || state.leader !== member) return;
  state.leaderHeardAt = Number.NEGATIVE_INFINITY;
  leaderChanged(state);
  // By rank, below one heartbeat: survivors that all campaign at once would split the vote.
  const others = [...new Set([...state.membership.voters, ...state.membership.outgoing])].filter(
    (id) => id !== member,
  );
  const rank = Math.max(others.sort().indexOf(state.id), 0);
  const step = Math.max(state.config.heartbeatTicks - 1, 0) / Math.max(others.length, 1);
  state.electionAt = Math.min(state.electionAt, state.now + 1 + Math.floor(rank * step));
}

/** If it led it may still do so: its next word tells. */
export function handleConnected(state: RaftState, member: string): void {
  state.brokenAt.delete(member);
  forwardReads(state);
}

/**
 * A peer that has no room to write acknowledges nothing, because its writes wait in their order. It must not lead
 * either: those who could write would wait for it.
 */
export function handleStorage(state: RaftState, isFull: boolean): void {
  if (state.isStorageFull === isFull) return;
  state.isStorageFull = isFull;
  state.outbox.notice({ kind: isFull ? 'storage-full' : 'storage-writable' });
  if (isFull && state.role !== 'follower') becomeFollower(state, state.term, undefined);
}

/**
 * True: no leader was heard for too long, campaign. Not as long as the own vote of the last campaign is on its way
 * to the disk: nobody was asked yet, and a disk that is slower than a time-out would never let anybody lead.
 */
export function tickFollower(state: RaftState): boolean {
  if (state.now < state.electionAt) return false;
  if (state.candidacy?.phase === 'vote' && !state.outbox.isHardStateDurable) return false;
  if (state.mayCampaign) return true;
  setLeader(state, undefined);
  state.resetElectionTimer();
  return false;
}
