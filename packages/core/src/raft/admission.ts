/**
 * Who may vote, from the first start to the return of a member without its data.
 *
 * A peer's storage has an incarnation: a random number that is as old as the directory. A peer is admitted, and
 * only then votes, campaigns and is counted, when it holds a record (HardState.founding): a membership that
 * lists exactly this incarnation, and no membership in its log that may be valid lists another one.
 *
 * FOUNDING. A peer whose log is empty asks all configured members who they are. When every other one has said, in
 * this life, that its log is empty too, it writes down the founding record with all incarnations, and
 * tells the others, who adopt it if it lists them. The member with the smallest id campaigns at once.
 *
 * Why two foundings cannot both commit. Say F1 and F2 list different incarnations, because a member lost its
 * (still empty) storage between two answers. A candidate with an empty log needs the vote of *every* incarnation
 * that its founding lists (candidate.ts), and a voter grants that only while its own log is empty. Suppose
 * that a leader elected under F1 in term t1 committed its first entry on a majority Q of F1, and that a leader
 * is elected with an empty log under F2 in a term t2. If a member of Q is listed in F2 with the same incarnation,
 * then: t2 > t1 means that it had the entry when it voted in t2, and would have refused; t2 < t1 means the same
 * with the parts of F1 and F2 exchanged, if F2 commits anything; t1 = t2 means one vote for both, impossible. So
 * the storages of all of Q, a majority, were lost: beyond what any consensus survives. With "every other
 * member answered empty" alone, and elections by majority, the loss of one storage would do: {a, c} found,
 * c loses its data, and {b, c} found once more on an old answer of a. For the same reason it does no harm that an
 * answer is old, nor that a founding record is replaced by a newer one while the log is empty (which is what lets
 * an ensemble in memory begin although one member was restarted meanwhile).
 *
 * AMNESIA. A peer that comes back with another incarnation has forgotten its votes and what it acknowledged. It
 * takes entries and snapshots, uncounted. When it has caught up, the leader appends a membership that lists the
 * new incarnation (readmission.ts); when that is committed without its help, the leader counts it, and when the
 * member itself learns of the commit, it writes the record and is admitted. Earlier would be wrong: an entry
 * that is not committed may be one of a deposed leader, in a term for which the old incarnation has
 * already voted for somebody else. Nobody knows what is committed after a restart of everybody; therefore the
 * record is stored. A majority of new incarnations cannot be admitted: the ensemble stops, as it must.
 */
import { CoordinationError } from '../errors.ts';
import { startPreVote } from './candidate.ts';
import { becomeFollower } from './follower.ts';
import {
  createMembership,
  decodeMembership,
  encodeMembership,
  isEqual,
  listedIncarnation,
  type Membership,
} from './membership.ts';
import type { Probe, ProbeReply } from './messages.ts';
import type { RaftState } from './state.ts';

/** At the start, and whenever something new is known: asks, or founds. */
export function beginAdmission(state: RaftState): void {
  if (!state.isEmpty) return;
  found(state);
  if (state.leader === undefined) probeAll(state);
}

export function probeMember(state: RaftState, member: string): void {
  if (!isAsking(state) || member === state.id || !Object.hasOwn(state.config.members, member)) return;
  state.outbox.send({ kind: 'probe', ...state.header(member), empty: state.isEmpty });
}

export function tickAdmission(state: RaftState): void {
  if (!isAsking(state) || state.now < state.probeAt) return;
  probeAll(state);
}

export function handleProbe(state: RaftState, message: Probe): void {
  sendProbeReply(state, message.from, message.incarnation);
  noteAnswer(state, message);
}

export function handleProbeReply(state: RaftState, message: ProbeReply): void {
  noteAnswer(state, message);
  if (!message.listed || message.founding === undefined) return;
  if (!state.isEmpty || state.record !== undefined) return;
  const membership = decodeFounding(message.founding);
  if (membership === undefined || listedIncarnation(membership, state.id) !== state.incarnation) return;
  adopt(state, { membership, bytes: message.founding });
}

/** A connection is gone: its member may come back as another incarnation. */
export function forgetAnswer(state: RaftState, member: string): void {
  state.empties.delete(member);
}

/** While the log is empty and nobody leads. */
function isAsking(state: RaftState): boolean {
  return state.isEmpty && state.leader === undefined;
}

function probeAll(state: RaftState): void {
  state.probeAt = state.now + state.config.heartbeatTicks;
  for (const member of Object.keys(state.config.members)) probeMember(state, member);
}

function noteAnswer(state: RaftState, message: Probe | ProbeReply): void {
  if (!Object.hasOwn(state.config.members, message.from)) return;
  if (message.empty) state.empties.set(message.from, message.incarnation);
  else state.empties.delete(message.from);
  found(state);
}

/** Writes down the founding that the answers give, unless it is the one that is known already. */
function found(state: RaftState): void {
  if (!isAsking(state)) return;
  const { members } = state.config;
  const listed: [id: string, member: { address: string; incarnation: number }][] = [];
  for (const [id, address] of Object.entries(members)) {
    const incarnation = id === state.id ? state.incarnation : state.empties.get(id);
    if (incarnation === undefined) return;
    listed.push([id, { address, incarnation }]);
  }
  const membership = createMembership({ identity: '', voters: Object.keys(members), members: listed });
  const bytes = encodeMembership(membership);
  if (isEqual(bytes, state.record?.bytes)) return;
  // Votes that were given to another founding are none for this one.
  if (state.role === 'candidate') becomeFollower(state, state.term, undefined);
  adopt(state, { membership, bytes });
  for (const [id, { incarnation }] of listed) if (id !== state.id) sendProbeReply(state, id, incarnation);
}

function adopt(
  state: RaftState,
  record: { readonly membership: Membership; readonly bytes: Uint8Array },
): void {
  state.setRecord(record);
  if (record.membership.voters[0] === state.id && state.mayCampaign) startPreVote(state);
}

function sendProbeReply(state: RaftState, to: string, incarnation: number): void {
  const { record, isEmpty } = state;
  const listed = isEmpty && record !== undefined && listedIncarnation(record.membership, to) === incarnation;
  state.outbox.promise({
    kind: 'probe-reply',
    ...state.header(to),
    empty: isEmpty,
    listed,
    founding: listed ? record.bytes : undefined,
  });
}

/** Undefined: the bytes are no founding membership; a message from outside must not stop this peer. */
function decodeFounding(bytes: Uint8Array): Membership | undefined {
  try {
    const membership = decodeMembership(bytes);
    return membership.identity === '' ? membership : undefined;
  } catch (error) {
    if (error instanceof CoordinationError) return undefined;
    throw error;
  }
}
