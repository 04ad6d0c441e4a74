/**
 * The consensus core: a function of its inputs. It has no clock, no promise and does no I/O; what must be durable
 * and what may be sent, and in which order, is the shape of its output.
 *
 * This file only dispatches; the roles and concerns are in the files beside it.
 */
import { invariant, unreachable } from '../invariant.ts';
import type { Entry } from '../ports/entry.ts';
import { beginAdmission, forgetAnswer, probeMember, tickAdmission } from './admission.ts';
import { ownVoteDurable, startPreVote } from './candidate.ts';
import { isCounted } from './counting.ts';
import { handleConnected, handleDisconnected, handleStorage, tickFollower } from './follower.ts';
import type { RaftConfig, RaftInput, RaftRestored } from './input.ts';
import { finishLeaderStep, leaderElapsedMs, propose, tickLeader } from './leader.ts';
import type { Membership } from './membership.ts';
import type { RaftOutput, Role } from './output.ts';
import type { Progress } from './progress.ts';
import { requestRead, tickReads } from './read-index.ts';
import { receive } from './receive.ts';
import { announce } from './replication.ts';
import { handleChunkJudged, handleSnapshotTaken } from './snapshot-receiving.ts';
import { handleSnapshotRead } from './snapshot-sending.ts';
import { RaftState } from './state.ts';
import { startTransfer, tickTransfer } from './transfer.ts';

/** One follower as its leader sees it, for status. */
export interface FollowerView {
  readonly member: string;
  readonly state: 'probe' | 'replicate' | 'snapshot';
  /** Durable there. */
  readonly matchIndex: number;
  readonly nextIndex: number;
  readonly messagesInFlight: number;
  readonly bytesInFlight: number;
  /** It has answered within the last election time-out. */
  readonly healthy: boolean;
  /** The incarnation that answers is the one that the committed membership lists. */
  readonly counted: boolean;
}

/** One member's part in consensus: a function of its inputs. */
export class Raft {
  readonly #state: RaftState;
  #isStarted = false;
  /** What the last output told, so that notices are told once. */
  readonly #told: {
    role: Role;
    term: number;
    leader: string | undefined;
    membership: Membership;
    isAdmitted: boolean;
  };

  constructor(config: RaftConfig, restored: RaftRestored) {
    invariant(config.members[config.id] !== undefined, 'the members contain this peer', { id: config.id });
    invariant(
      config.electionTicks > config.heartbeatTicks,
      'an election time-out is longer than a heartbeat',
      {
        electionTicks: config.electionTicks,
        heartbeatTicks: config.heartbeatTicks,
      },
    );
    this.#state = new RaftState(config, restored);
    const { shownRole, term, membership, isAdmitted } = this.#state;
    this.#told = { role: shownRole, term, leader: undefined, membership, isAdmitted };
  }

  get role(): Role {
    return this.#state.shownRole;
  }

  get term(): number {
    return this.#state.term;
  }

  /** Whom this peer gave its vote in the present term. */
  get vote(): string | undefined {
    return this.#state.vote;
  }

  /** Who leads in this term, as far as this peer knows. */
  get leader(): string | undefined {
    return this.#state.leader;
  }

  get commitIndex(): number {
    return this.#state.commitIndex;
  }

  get lastIndex(): number {
    return this.#state.log.lastIndex;
  }

  /** First index that entryAt answers; lastIndex + 1 when the log holds none. */
  get firstIndex(): number {
    return this.#state.log.firstIndex;
  }

  /** Index of the newest complete snapshot, 0 without one. */
  get snapshotIndex(): number {
    return this.#state.log.snapshotIndex;
  }

  /** A leader's snapshot has begun to arrive. */
  get isReceivingSnapshot(): boolean {
    return this.#state.receiving !== undefined;
  }

  /** Ticks of silence until this peer campaigns; of no meaning at a leader. */
  get ticksUntilCampaign(): number {
    return this.#state.electionAt - this.#state.now;
  }

  /** Everything in the log up to here is durable here. */
  get persistedIndex(): number {
    return this.#state.outbox.persistedIndex;
  }

  /** Known here: every voter holds everything up to this index durably. At most the commit index. */
  get durableIndex(): number {
    return this.#state.durableIndex;
  }

  /** The membership in force: the newest of the log, committed or not. */
  get membership(): Membership {
    return this.#state.membership;
  }

  /** This incarnation may vote. */
  get admitted(): boolean {
    return this.#state.isAdmitted;
  }

  /** Entries since the newest snapshot. */
  get logCount(): number {
    return this.#state.log.countSinceSnapshot;
  }

  /** Their bytes. */
  get logBytes(): number {
    return this.#state.log.bytesSinceSnapshot;
  }

  entryAt(index: number): Entry {
    return this.#state.log.entryAt(index);
  }

  /** Term of an index that is in the log or is the last compacted one. */
  termAt(index: number): number {
    const term = this.#state.log.termAt(index);
    invariant(term !== undefined, 'the index is in the log', { index });
    return term;
  }

  /** The membership in force at an index that is not before the newest snapshot. */
  membershipAt(index: number): Membership {
    invariant(index >= this.snapshotIndex, 'memberships before the snapshot are forgotten', { index });
    return this.#state.memberships.at(index)?.membership ?? this.#state.membership;
  }

  /** Whether a `propose` input may come now; `overloaded` passes by itself. */
  canPropose(): 'yes' | 'not-leader' | 'overloaded' {
    const { leadership, transfer, config } = this.#state;
    if (leadership === undefined) return 'not-leader';
    if (transfer !== undefined || leadership.uncommittedBytes >= config.uncommittedBytesMax)
      return 'overloaded';
    return 'yes';
  }

  /** Elapsed ensemble time in milliseconds: at the leader now, elsewhere at the last entry. */
  elapsedMs(): number {
    const { leadership, log } = this.#state;
    return leadership === undefined ? log.lastElapsedMs : leaderElapsedMs(this.#state, leadership);
  }

  /** What the leader knows of the others; empty elsewhere. */
  progress(): readonly FollowerView[] {
    const followers = [...(this.#state.leadership?.followers.values() ?? [])];
    return followers.map((progress) => this.#viewOf(progress));
  }

  /** The same of one member; undefined: this peer does not lead, or does not replicate to it. */
  progressOf(member: string): FollowerView | undefined {
    const progress = this.#state.leadership?.followers.get(member);
    return progress === undefined ? undefined : this.#viewOf(progress);
  }

  /** Call once, first: what to persist and send at the beginning. */
  start(): RaftOutput {
    invariant(!this.#isStarted, 'a peer starts once');
    this.#isStarted = true;
    const state = this.#state;
    state.resetElectionTimer();
    const { snapshot } = state.log;
    if (state.log.hasConflictOnDisk && snapshot !== undefined) state.outbox.install(snapshot);
    const isAlone = state.membership.voters.length === 1 && state.membership.outgoing.length === 0;
    if (state.isEmpty) beginAdmission(state);
    // Nobody else can lead or could be disturbed: there is nothing to wait for.
    if (isAlone && state.role === 'follower' && state.mayCampaign) startPreVote(state);
    return this.#finish();
  }

  /** `wallMs`: the wall clock, for entries that this step appends. */
  step(input: RaftInput, wallMs: number): RaftOutput {
    invariant(this.#isStarted, 'a peer is started before it is stepped');
    this.#state.wallMs = wallMs;
    this.#dispatch(input);
    return this.#finish();
  }

  validate(): void {
    this.#state.validate();
  }

  #viewOf(progress: Progress): FollowerView {
    return {
      member: progress.member,
      state: progress.state,
      matchIndex: progress.matchIndex,
      nextIndex: progress.nextIndex,
      messagesInFlight: progress.messagesInFlight,
      bytesInFlight: progress.bytesInFlight,
      healthy: progress.isHealthy,
      counted: isCounted(this.#state, progress),
    };
  }

  #dispatch(input: RaftInput): void {
    const state = this.#state;
    switch (input.kind) {
      case 'tick':
        return this.#tick(input.count);
      case 'message':
        return receive(state, input.message);
      case 'connected':
        state.leadership?.followers.get(input.member)?.probeAgain();
        handleConnected(state, input.member);
        return probeMember(state, input.member);
      case 'disconnected':
        state.leadership?.followers.get(input.member)?.probeAgain();
        forgetAnswer(state, input.member);
        return handleDisconnected(state, input.member);
      case 'persisted':
        state.outbox.persisted(input.ticket);
        return ownVoteDurable(state);
      case 'storage':
        return handleStorage(state, input.full);
      case 'propose':
        invariant(this.canPropose() === 'yes', 'a proposal is made when it may be');
        return propose(state, input.body, input.announceDurable);
      case 'read':
        return requestRead(state, input.id);
      case 'continue':
        return announce(state);
      case 'transfer':
        return startTransfer(state, input.to);
      case 'snapshot-taken':
        return handleSnapshotTaken(state, input.meta);
      case 'snapshot-read':
        return handleSnapshotRead(state, input);
      case 'chunk-judged':
        return handleChunkJudged(state, input.meta, input.accepted);
      default:
        return unreachable(input);
    }
  }

  #tick(count: number): void {
    const state = this.#state;
    invariant(Number.isSafeInteger(count) && count > 0, 'ticks are counted', { count });
    state.ticks += count;
    // After a stall many ticks come at once, and none of them is proof of a silence: no timer may run out by a
    // single input. Elapsed time counts them all.
    state.now += Math.min(count, Math.max(1, Math.floor(state.config.electionTicks / 2)));
    tickTransfer(state);
    tickReads(state);
    tickAdmission(state);
    if (state.role === 'leader') tickLeader(state);
    else if (tickFollower(state)) startPreVote(state);
  }

  #finish(): RaftOutput {
    const state = this.#state;
    if (state.role === 'leader') finishLeaderStep(state);
    this.#tellChanges();
    return state.outbox.finish(state);
  }

  #tellChanges(): void {
    const { shownRole: role, term, leader, membership, isAdmitted, outbox } = this.#state;
    const told = this.#told;
    if (isAdmitted && !told.isAdmitted) outbox.notice({ kind: 'admitted' });
    if (role !== told.role || (role === 'leader' && term !== told.term))
      outbox.notice({ kind: 'role', role, term });
    if (leader !== told.leader || (leader !== undefined && term !== told.term)) {
      outbox.notice({ kind: 'leader', leader, term });
    }
    if (membership !== told.membership) outbox.notice({ kind: 'members' });
    told.role = role;
    told.term = term;
    told.leader = leader;
    told.membership = membership;
    told.isAdmitted = isAdmitted;
  }
}
