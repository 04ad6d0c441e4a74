/** One Raft instance with a disk, a trivial state machine and a queue of writes that are not durable yet. */
import type { Entry, SnapshotMeta } from '../../ports/entry.ts';
import { encodeMembership } from '../membership.ts';
import type { RaftConfig, RaftInput } from '../input.ts';
import type { RaftMessage } from '../messages.ts';
import type { Persist, RaftNotice, RaftOutput } from '../output.ts';
import { Raft } from '../raft.ts';
import { Disk } from './disk.ts';

/** What the outside of a peer does with its messages, and checks after each step. */
export interface PeerWorld {
  send(message: RaftMessage, sender: TestPeer): void;
  stepped(peer: TestPeer): void;
  readonly wallMs: number;
}

interface Write {
  readonly persist: Persist | undefined;
  readonly messages: readonly RaftMessage[];
}

export class TestPeer {
  readonly id: string;
  readonly world: PeerWorld;
  config: RaftConfig;
  disk: Disk = new Disk();
  raft: Raft;
  isUp = false;
  /** Writes complete at once unless a test wants to do it itself. */
  isAutoPersist = true;
  writes: Write[] = [];
  /** The state machine: every applied entry as text, in order. */
  applied: string[] = [];
  notices: RaftNotice[] = [];
  #arriving: number[] = [];
  #isStepping = false;
  #inbox: RaftInput[] = [];

  constructor(world: PeerWorld, config: RaftConfig) {
    this.id = config.id;
    this.world = world;
    this.config = config;
    this.raft = new Raft(config, this.disk.restored());
  }

  start(): void {
    this.raft = new Raft(this.config, this.disk.restored());
    this.isUp = true;
    this.writes = [];
    this.notices = [];
    this.#inbox = [];
    const snapshot = this.disk.snapshot;
    this.applied = snapshot === undefined ? [] : decodeApplied(snapshot.bytes);
    this.#perform(this.raft.start());
    this.#drain();
  }

  crash(): void {
    this.isUp = false;
    this.writes = [];
  }

  /** Loses the disk: the next start is another incarnation. */
  wipe(incarnation: number): void {
    this.crash();
    this.disk = new Disk();
    this.config = { ...this.config, incarnation };
  }

  step(input: RaftInput): void {
    if (!this.isUp) return;
    this.#inbox.push(input);
    this.#drain();
  }

  /** Makes the oldest write durable. */
  persistOne(): void {
    const write = this.writes.shift();
    if (write === undefined) return;
    if (write.persist !== undefined) this.disk.write(write.persist.batch);
    for (const message of write.messages) this.world.send(message, this);
    if (write.persist !== undefined) this.step({ kind: 'persisted', ticket: write.persist.ticket });
  }

  persistAll(): void {
    while (this.writes.length > 0) this.persistOne();
  }

  propose(text: string, announceDurable = false): void {
    this.step({ kind: 'propose', body: new TextEncoder().encode(text), announceDurable });
  }

  /** Takes a snapshot of everything applied, durable at once. */
  takeSnapshot(): void {
    if (!this.isUp) return;
    this.persistAll();
    const index = this.applied.length;
    if (index <= this.raft.snapshotIndex) return;
    const meta: SnapshotMeta = {
      index,
      term: this.raft.termAt(index),
      elapsedMs: this.raft.entryAt(index).elapsedMs,
      membership: encodeMembership(this.raft.membershipAt(index)),
    };
    this.disk.store(meta, new TextEncoder().encode(JSON.stringify(this.applied)));
    this.step({ kind: 'snapshot-taken', meta });
  }

  #drain(): void {
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let input = this.#inbox.shift(); input !== undefined; input = this.#inbox.shift()) {
        this.#perform(this.raft.step(input, this.world.wallMs));
      }
    } finally {
      this.#isStepping = false;
    }
    if (this.isAutoPersist) this.persistAll();
  }

  #perform(output: RaftOutput): void {
    this.notices.push(...output.notices);
    for (const message of output.sendNow) this.world.send(message, this);
    if (output.hasNews) this.#inbox.push({ kind: 'continue' });
    if (output.persist !== undefined || output.sendAfterPersist.length > 0) {
      this.writes.push({ persist: output.persist, messages: output.sendAfterPersist });
    }
    if (output.receivedChunk !== undefined) {
      const { meta, offset, bytes, last } = output.receivedChunk;
      if (offset === 0) this.#arriving = [];
      this.#arriving.push(...bytes);
      const judged = this.raft.step({ kind: 'chunk-judged', meta, accepted: true }, this.world.wallMs);
      if (last && this.raft.snapshotIndex === meta.index && meta.index > this.applied.length) {
        this.applied = decodeApplied(Uint8Array.from(this.#arriving));
      }
      this.#perform(judged);
    }
    for (const request of output.snapshotReads) {
      const stored = this.disk.snapshot;
      const isThere = stored?.meta.index === request.meta.index;
      const bytes = isThere ? stored.bytes.slice(request.offset, request.offset + request.length) : undefined;
      const last = isThere && request.offset + request.length >= stored.bytes.length;
      const { to, meta, offset } = request;
      this.#inbox.push({ kind: 'snapshot-read', to, meta, offset, bytes, last });
    }
    while (this.applied.length < this.raft.commitIndex) {
      this.applied.push(entryText(this.raft.entryAt(this.applied.length + 1)));
    }
    this.raft.validate();
    this.world.stepped(this);
  }
}

const decoder = new TextDecoder();

export function entryText(entry: Entry): string {
  const body = entry.kind === 'commands' ? decoder.decode(entry.body) : `${entry.body.length}`;
  return `${entry.index}:${entry.term}:${entry.kind}:${body}`;
}

function decodeApplied(bytes: Uint8Array): string[] {
  return JSON.parse(new TextDecoder().decode(bytes)) as string[];
}
