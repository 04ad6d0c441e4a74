/** The public shapes of a peer: its options, what it tells of itself, its events. */
import type { CoordinationError, ErrorCode } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Random } from '../ports/random.ts';
import type { Storage } from '../ports/storage.ts';
import type { Transport } from '../ports/transport.ts';
import type { PageOptions, Session, SessionOptions, WaitOptions, Znode } from '../session/api-types.ts';
import type { Stat } from '../codec/stat.ts';
import type { Value } from '../codec/value.ts';

/** How {@link openPeer} starts a peer. Only `id` is required: a peer alone needs nothing else. */
export interface PeerOptions {
  /** Stable member id, 1 to 256 characters; not an address, and not reused for another member. */
  readonly id: string;
  /** Name of the ensemble, part of every handshake. Default `'quorate'`. */
  readonly ensemble?: string;
  /** The first members of a new ensemble, id to address for the transport; contains `id`. Default: this peer alone. */
  readonly members?: Readonly<Record<string, string>>;
  /** Needed with more than one member. */
  readonly transport?: Transport;
  /** Default `memoryStorage()`: a restart is then a new incarnation, which the others must admit again. */
  readonly storage?: Storage;
  readonly timing?: TimingOptions;
  /** Bounds that differ from the defaults in limits.ts. Those of the ensemble count only for its first leader. */
  readonly limits?: Partial<Limits>;
  /** Default: silent. */
  readonly logger?: Logger;
  /** Default: the platform's clock. */
  readonly clock?: Clock;
  /** Default: the platform's cryptographic randomness. */
  readonly random?: Random;
}

/** Validated against each other: an election time-out is at least 3 heartbeats. */
export interface TimingOptions {
  /**
   * Milliseconds between a leader's heartbeats, 5 to 10,000. Default 50. Shorter finds a silent leader sooner
   * and costs messages; longer than the network's usual delays makes needless elections rarer.
   */
  readonly heartbeatMs?: number;
  /**
   * Least milliseconds of silence before an election, 15 to 60,000; each wait is drawn from this to twice
   * this. Default 250. Too short: a pause of the event loop starts elections; too long: writes wait.
   */
  readonly electionTimeoutMs?: number;
}

/** Synchronous reads of this peer's own replica, as it is now; it may be behind the leader. */
export interface LocalTree {
  /** The znode at `path`, or undefined. Throws `BAD_ARGUMENTS` for something that is no path. */
  get<T = Value>(path: string): Znode<T> | undefined;
  stat(path: string): Stat | undefined;
  /** Names in byte order. More than `pageNamesMax` without a `limit`: `LIMIT_EXCEEDED`. Missing znode: `NO_NODE`. */
  children(path: string, options?: PageOptions): readonly string[];
  /** The last command applied here. */
  readonly zxid: number;
}

/** A session as the ensemble knows it. */
export interface SessionInfo {
  readonly id: string;
  /** As granted; `Infinity` is lasting. */
  readonly timeoutMs: number;
  readonly ephemeralsCount: number;
  /** Wall time of its opening by the leader's clock, in milliseconds since 1970. */
  readonly openedAtMs: number;
}

/** A member as the membership lists it. */
export interface MemberInfo {
  readonly id: string;
  readonly address: string;
  readonly kind: 'voter' | 'learner';
  /** Only a leader knows: false after an election time-out of silence. */
  readonly isHealthy: boolean | undefined;
}

/**
 * The timing model (T_election = N x T_heartbeat / 2) beside what this peer measured. All in milliseconds;
 * undefined: not measured here yet.
 */
export interface PeerTimings {
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  /** The model's T_election = N x T_heartbeat / 2. */
  readonly electionModelMs: number;
  /** From losing a leader to knowing the next, as seen here last. */
  readonly electionMs: number | undefined;
  /** Half a round trip of the last sampled append, seen by a leader. */
  readonly propagationMs: number | undefined;
  /** From the proposal of the last sampled entry to its commit, seen by a leader. */
  readonly commitMs: number | undefined;
  /** T_sync = T_election + T_propagation. */
  readonly syncMs: number | undefined;
  /** T_consistency = T_sync + T_commit. */
  readonly consistencyMs: number | undefined;
}

/** One frozen value that says what a peer is and how it does. */
export interface PeerStatus {
  readonly id: string;
  readonly ensemble: string;
  /** Random identity of the ensemble, fixed by its first entry; undefined until that is known. */
  readonly identity: string | undefined;
  readonly incarnation: number;
  /** False while this peer may not vote: it waits for its first members, or lost its data. */
  readonly isAdmitted: boolean;
  readonly role: Peer['role'];
  readonly leader: string | undefined;
  readonly term: number;
  readonly zxid: number;
  readonly members: readonly MemberInfo[];
  /** Positions in the log. */
  readonly positions: {
    readonly firstIndex: number;
    readonly lastIndex: number;
    readonly commitIndex: number;
    readonly appliedIndex: number;
    readonly snapshotIndex: number;
    readonly durableIndex: number;
  };
  /** What waits, as counts. */
  readonly queues: {
    readonly inputs: number;
    readonly persists: number;
    readonly reads: number;
    readonly watches: number;
    /** Sessions that live at this peer, those in other processes included. */
    readonly sessions: number;
    /** Of those, sessions without a replica of their own (`connect`) that this peer serves. */
    readonly servedSessions: number;
  };
  readonly znodesCount: number;
  readonly sessionsCount: number;
  /** Digest of the whole replicated state at `zxid`; equal on every replica that is there. */
  readonly digest: string;
  readonly timings: PeerTimings;
}

/** What {@link Peer.on} delivers. */
export interface PeerEvents extends Record<string, unknown> {
  role: { readonly role: Peer['role']; readonly term: number };
  leader: { readonly leader: string | undefined; readonly term: number };
  members: { readonly members: readonly MemberInfo[] };
  /**
   * `suspect`: silent for an election time-out; `recovered`: answers again; `disconnected`/`connected`: its connection.
   * `refused`: the transport refused a connection, or was refused; `member` is then what the other end claims to
   * be, unproven, or empty, and `refusal` says where it is and why. `storage-full`: this peer's disk has no room, it
   * acknowledges nothing and leads nobody until there is some (`storage-writable`); nothing has to be restarted.
   */
  health: {
    readonly kind:
      | 'suspect'
      | 'recovered'
      | 'connected'
      | 'disconnected'
      | 'admitted'
      | 'refused'
      | 'storage-full'
      | 'storage-writable';
    readonly member: string;
    readonly refusal?: { readonly address: string; readonly code: ErrorCode; readonly reason: string };
  };
  /** The peer has stopped and will not start again; the reason is its code. */
  fatal: CoordinationError;
}

/** One running member of an ensemble. */
export interface Peer extends AsyncDisposable {
  readonly id: string;
  readonly role: 'leader' | 'follower' | 'candidate' | 'learner';
  /** Member id of the leader, as far as this peer knows. */
  readonly leader: string | undefined;
  readonly term: number;
  /** Last applied here. */
  readonly zxid: number;
  readonly tree: LocalTree;
  status(): PeerStatus;
  /** Resolves when a leader is known and this replica has caught up with it. */
  ready(options?: WaitOptions): Promise<void>;
  openSession(options?: SessionOptions): Promise<Session>;
  /** All sessions of the ensemble, as this replica knows them. */
  sessions(): readonly SessionInfo[];
  /** Ends any session of the ensemble, with its ephemerals. An unknown id: `SESSION_EXPIRED`. */
  endSession(id: string, options?: WaitOptions): Promise<void>;
  /** Hands leadership to a voter (default: the one that has caught up furthest). Only the leader can: else `UNAVAILABLE`. */
  transferLeadership(to?: string, options?: WaitOptions): Promise<void>;
  /** Returns the way to stop listening. A throwing listener harms nobody. */
  on<E extends 'role' | 'leader' | 'members' | 'health' | 'fatal'>(
    event: E,
    listener: (payload: PeerEvents[E]) => void,
  ): () => void;
  /** Graceful (default): hands leadership on and closes its sessions, bounded in time. False: as if the process had died. */
  close(options?: { readonly graceful?: boolean }): Promise<void>;
}
