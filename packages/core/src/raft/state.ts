/**
 * Everything that one Raft instance knows, and the few changes that several roles share. The files of the roles
 * work on it; each says which of its fields it owns.
 *
 * Invariants: the term never falls; commitIndex never falls and lies in the log; durableIndex <= commitIndex;
 * snapshot <= commit; leadership is present exactly in the leader, candidacy exactly in a candidate.
 */
import { invariant } from '../invariant.ts';
import type { Entry, HardState, SnapshotMeta } from '../ports/entry.ts';
import type { RaftConfig, RaftRestored } from './input.ts';
import { RaftLog } from './log.ts';
import {
  createMembership,
  decodeMembership,
  isEqual,
  isVoter,
  listedIncarnation,
  MembershipHistory,
  type Membership,
} from './membership.ts';
import type { MessageHeader } from './messages.ts';
import { Outbox } from './outbox.ts';
import type { Role } from './output.ts';
import type { AdmissionRecord, Candidacy, Leadership, LeadershipTransfer, Receiving } from './role-state.ts';

export class RaftState {
  readonly config: RaftConfig;
  readonly id: string;
  readonly incarnation: number;
  readonly log: RaftLog;
  readonly memberships: MembershipHistory = new MembershipHistory();
  readonly outbox: Outbox;
  /** What the configuration says; in force until a founding is known. Incarnations are unknown: 0. */
  readonly configured: Membership;

  #term: number;
  #vote: string | undefined;
  #record: AdmissionRecord | undefined;
  #commitIndex: number;
  #durableIndex = 0;

  role: 'follower' | 'candidate' | 'leader' = 'follower';
  leader: string | undefined;
  /** Members whose connection broke, with the tick of it, until it is there again. Owned by follower.ts. */
  readonly brokenAt: Map<string, number> = new Map();
  candidacy: Candidacy | undefined;
  leadership: Leadership | undefined;
  transfer: LeadershipTransfer | undefined;
  receiving: Receiving | undefined;
  /** Reads asked here that another leader has to answer, by id. Owned by read-index.ts. */
  readonly reads: Map<number, { readonly failAt: number; isSent: boolean }> = new Map();
  /** Members that said, in this life, that their log is empty, with their incarnations. Owned by admission.ts. */
  readonly empties: Map<string, number> = new Map();

  /** All ticks of this life; for elapsed time. */
  ticks = 0;
  /** Ticks as timers count them: after a stall, less than have passed. */
  now = 0;
  /** Tick of the leader's last word; long ago when the connection to it broke since. */
  leaderHeardAt: number = Number.NEGATIVE_INFINITY;
  electionAt = 0;
  probeAt = 0;
  wallMs = 0;
  /** What is appended waits for room on the disk. Owned by follower.ts. */
  isStorageFull = false;

  constructor(config: RaftConfig, restored: RaftRestored) {
    this.config = config;
    this.id = config.id;
    this.incarnation = config.incarnation;
    this.configured = createMembership({
      identity: '',
      voters: Object.keys(config.members),
      members: Object.entries(config.members).map(
        ([id, address]) => [id, { address, incarnation: 0 }] as const,
      ),
    });
    this.log = new RaftLog(restored.snapshot, restored.entries);
    if (restored.snapshot !== undefined) this.memberships.snapshotTaken(restored.snapshot, true);
    const { snapshotIndex } = this.log;
    for (
      let index = Math.max(snapshotIndex, this.log.boundaryIndex) + 1;
      index <= this.log.lastIndex;
      index += 1
    ) {
      this.memberships.appended(this.log.entryAt(index));
    }
    this.outbox = new Outbox(this.log.lastIndex);
    this.#term = restored.hardState?.term ?? 0;
    this.#vote = restored.hardState?.vote;
    const bytes = restored.hardState?.founding;
    this.#record = bytes === undefined ? undefined : { bytes, membership: decodeMembership(bytes) };
    this.#commitIndex = snapshotIndex;
    invariant(this.#term >= this.log.lastTerm, 'the stored term covers the stored log', {
      term: this.#term,
      lastTerm: this.log.lastTerm,
    });
    this.updateRecord();
  }

  get term(): number {
    return this.#term;
  }

  get vote(): string | undefined {
    return this.#vote;
  }

  get record(): AdmissionRecord | undefined {
    return this.#record;
  }

  get commitIndex(): number {
    return this.#commitIndex;
  }

  get durableIndex(): number {
    return this.#durableIndex;
  }

  get hardState(): HardState {
    return { term: this.#term, vote: this.#vote, founding: this.#record?.bytes };
  }

  /** The membership in force. */
  get membership(): Membership {
    return this.memberships.current ?? this.#record?.membership ?? this.configured;
  }

  /** Never acknowledged an entry: there is none, and no snapshot. */
  get isEmpty(): boolean {
    return this.log.lastIndex === 0;
  }

  /** This incarnation may vote and be counted (see admission.ts). */
  get isAdmitted(): boolean {
    return this.#record !== undefined && this.isUndisputed(this.id, this.incarnation);
  }

  get shownRole(): Role {
    if (this.role !== 'follower') return this.role;
    return this.membership.learners.includes(this.id) ? 'learner' : 'follower';
  }

  get mayCampaign(): boolean {
    return this.isAdmitted && !this.isStorageFull && isVoter(this.membership, this.id);
  }

  /** Whether an own entry of the leader's term is committed (Raft thesis 5.4.2 and 6.4). */
  get hasCommittedOwnTerm(): boolean {
    return this.leadership !== undefined && this.#commitIndex >= this.leadership.firstIndex;
  }

  /** No membership that may yet turn out to be the valid one lists another incarnation of this member. */
  isUndisputed(id: string, incarnation: number): boolean {
    return this.memberships.isUndisputed(
      { id, incarnation },
      { commitIndex: this.#commitIndex, record: this.#record?.bytes },
    );
  }

  /**
   * Whether frames of this member are leftovers of a connection that broke. After an election time-out none is,
   * whatever its transport forgot to tell.
   */
  isCutOff(member: string): boolean {
    const brokenAt = this.brokenAt.get(member);
    return brokenAt !== undefined && this.now - brokenAt < this.config.electionTicks;
  }

  /** A message's header, in this peer's term unless said. */
  header(to: string, term: number = this.#term): MessageHeader {
    return { from: this.id, to, term, incarnation: this.incarnation };
  }

  setTerm(term: number, vote: string | undefined): void {
    invariant(term > this.#term, 'the term only rises', { term, before: this.#term });
    this.#term = term;
    this.#vote = vote;
    this.outbox.hardStateChanged();
  }

  setVote(vote: string): void {
    invariant(this.#vote === undefined || this.#vote === vote, 'one vote a term', {
      vote,
      before: this.#vote,
    });
    if (this.#vote === vote) return;
    this.#vote = vote;
    this.outbox.hardStateChanged();
  }

  setRecord(record: AdmissionRecord | undefined): void {
    invariant(
      record === undefined || listedIncarnation(record.membership, this.id) === this.incarnation,
      'a record lists this incarnation',
    );
    this.#record = record;
    this.outbox.hardStateChanged();
  }

  appendEntries(entries: readonly Entry[]): void {
    this.log.append(entries);
    this.outbox.append(entries);
    for (const entry of entries) this.memberships.appended(entry);
  }

  truncateFrom(index: number): void {
    invariant(index > this.#commitIndex, 'what is committed is never truncated', {
      index,
      commitIndex: this.#commitIndex,
    });
    this.log.truncateFrom(index);
    this.memberships.truncatedFrom(index);
    this.outbox.truncate(index);
  }

  advanceCommit(index: number): void {
    invariant(index > this.#commitIndex, 'the commit index only rises', { index, before: this.#commitIndex });
    invariant(index <= this.log.lastIndex, 'what is committed is in the log', { index });
    const before = this.#commitIndex;
    this.#commitIndex = index;
    if (this.memberships.at(index)?.index !== this.memberships.at(before)?.index) this.updateRecord();
  }

  advanceDurable(index: number): void {
    this.#durableIndex = Math.max(this.#durableIndex, Math.min(index, this.#commitIndex));
  }

  /** A received snapshot replaces log and state. */
  install(meta: SnapshotMeta): void {
    invariant(meta.index > this.#commitIndex, 'a snapshot never takes back what is committed', {
      index: meta.index,
      commitIndex: this.#commitIndex,
    });
    this.log.install(meta);
    this.memberships.snapshotTaken(meta, true);
    this.outbox.install(meta);
    this.#commitIndex = meta.index;
    this.updateRecord();
  }

  /** Keeps the record in step with the newest membership that is known to be committed. */
  updateRecord(): void {
    const committed = this.memberships.at(this.#commitIndex);
    if (committed === undefined) return;
    const listed = listedIncarnation(committed.membership, this.id);
    if (listed === this.incarnation) {
      if (!isEqual(committed.bytes, this.#record?.bytes)) this.setRecord(committed);
      return;
    }
    // After a restart the commit index may be older than the record; then the record's entry is still to come.
    const isOverruled = listed !== undefined && !this.isUndisputed(this.id, this.incarnation);
    if (isOverruled && this.#record !== undefined) this.setRecord(undefined);
  }

  /** Draws a new election time-out, from now on. */
  resetElectionTimer(): void {
    const { electionTicks, randomU32 } = this.config;
    this.electionAt = this.now + electionTicks + (randomU32() % electionTicks);
  }

  validate(): void {
    this.log.validate();
    const { snapshotIndex, lastIndex } = this.log;
    const facts = {
      snapshotIndex,
      commitIndex: this.#commitIndex,
      lastIndex,
      durableIndex: this.#durableIndex,
    };
    invariant(snapshotIndex <= this.#commitIndex, 'a snapshot holds committed entries only', facts);
    invariant(this.#commitIndex <= lastIndex, 'what is committed is in the log', facts);
    invariant(this.#durableIndex <= this.#commitIndex, 'what all voters hold is committed', facts);
    invariant(this.outbox.persistedIndex <= lastIndex, 'what is durable is in the log', facts);
    invariant(this.#term >= this.log.lastTerm, 'no entry comes from a later term', facts);
    invariant((this.role === 'leader') === (this.leadership !== undefined), 'only a leader leads', facts);
    invariant((this.role === 'candidate') === (this.candidacy !== undefined), 'only a candidate runs', facts);
    invariant(this.role !== 'leader' || this.leader === this.id, 'a leader knows itself', facts);
    for (const progress of this.leadership?.followers.values() ?? []) progress.validate(lastIndex);
  }
}
