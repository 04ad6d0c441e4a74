/**
 * Replicas of one ensemble on a network and disks of plain arrays, in an order that a seed decides. Everything
 * that goes into a replica and comes out of it is kept, so that a run can be replayed.
 */
import { BatchBuilder } from '../../codec/batch.ts';
import type { Op, SystemOp } from '../../codec/op.ts';
import { encodeValue } from '../../codec/value-encode.ts';
import { sourceOf } from '../../codec/value-source.ts';
import { invariant } from '../../invariant.ts';
import { defaultEnsembleLimits, defaultPeerLimits } from '../../limits.ts';
import { Machine } from '../../machine/machine.ts';
import type { ReplicaConfig } from '../config.ts';
import type { ReplicaInput, ReplicaMessage, ReplicaOutput } from '../contract.ts';
import { Replica } from '../replica.ts';

export interface Recording {
  readonly config: () => ReplicaConfig;
  readonly inputs: ReplicaInput[];
  /** One more than inputs: the first is that of `start`. */
  readonly outputs: ReplicaOutput[];
}

interface Member {
  readonly replica: Replica;
  readonly recording: Recording;
  readonly queue: ReplicaInput[];
  /** Chunks of the snapshot that is written, and of the one that is complete. */
  writing: Uint8Array[];
  complete: Uint8Array;
}

export interface OpenedSession {
  readonly id: number;
  readonly holder: number;
  /** The member where it lives. */
  readonly at: string;
  lastRequest: number;
}

type Unstamped = ReplicaInput extends infer I ? (I extends ReplicaInput ? Omit<I, 'wallMs'> : never) : never;

/** Uniform enough, and the same again for the same seed (mulberry32). */
export function seededU32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

export class RecordedEnsemble {
  readonly ids: readonly string[] = ['a', 'b', 'c'];
  readonly sessions: OpenedSession[] = [];
  /** Share of messages that are lost. */
  lossPercent = 0;
  /** These messages are lost, whatever `lossPercent` is. */
  isLost: (message: ReplicaMessage) => boolean = () => false;
  readonly #members = new Map<string, Member>();
  readonly #u32: () => number;
  #wallMs = 1_000_000;
  #lastId = 0;

  constructor(seed: number) {
    this.#u32 = seededU32(seed);
    for (const [at, id] of this.ids.entries()) {
      const config = (): ReplicaConfig => configOf(id, seededU32(seed * 100 + at));
      const replica = new Replica(config(), emptyStorage, new Machine());
      const member: Member = {
        replica,
        recording: { config, inputs: [], outputs: [] },
        queue: [],
        writing: [],
        complete: new Uint8Array(0),
      };
      this.#members.set(id, member);
    }
    for (const member of this.#members.values()) this.#perform(member, member.replica.start(this.#wallMs));
    for (const from of this.ids) {
      for (const member of this.ids) if (member !== from) this.push(from, { kind: 'connected', member });
    }
  }

  below(bound: number): number {
    return this.#u32() % bound;
  }

  member(id: string): Member {
    const member = this.#members.get(id);
    invariant(member !== undefined, 'the member is one of the ensemble', { id });
    return member;
  }

  replica(id: string): Replica {
    return this.member(id).replica;
  }

  recording(id: string): Recording {
    return this.member(id).recording;
  }

  get leader(): string | undefined {
    return this.ids.find((id) => this.replica(id).raft.role === 'leader');
  }

  push(id: string, input: Unstamped): void {
    this.member(id).queue.push({ ...input, wallMs: this.#wallMs });
  }

  /** Some ticks everywhere, and every input that is there, in an order of the seed's. */
  turn(tickCount = 1): void {
    this.#wallMs += 10 * tickCount;
    for (const id of this.ids) this.push(id, { kind: 'tick', count: tickCount });
    this.settle();
  }

  settle(): void {
    for (;;) {
      const waiting = [...this.#members.values()].filter(({ queue }) => queue.length > 0);
      const member = waiting[this.below(Math.max(1, waiting.length))];
      const input = member?.queue.shift();
      if (member === undefined || input === undefined) return;
      member.recording.inputs.push(input);
      this.#perform(member, member.replica.step(input));
      member.replica.validate();
    }
  }

  elect(): string {
    for (let turn = 0; turn < 500; turn += 1) {
      this.turn();
      const { leader } = this;
      if (leader !== undefined && this.ids.every((id) => this.replica(id).raft.leader === leader))
        return leader;
    }
    invariant(false, 'a leader is elected');
  }

  /** Proposes through `at`, until it is answered there. */
  openSession(at: string): OpenedSession {
    this.#lastId += 1;
    const ticket = 1_000 + this.#lastId;
    const secretHash = Uint8Array.from({ length: 32 }, () => this.below(256));
    const op: SystemOp = { kind: 'open-session', secretHash, timeoutMs: 60_000 };
    for (let turn = 0; turn < 200; turn += 1) {
      const from = this.recording(at).outputs.length;
      this.push(at, { kind: 'system', ticket, op });
      this.turn();
      const items = this.recording(at)
        .outputs.slice(from)
        .flatMap(({ applied }) => applied.flatMap((each) => each.items));
      for (const item of items) {
        if (item.kind !== 'system' || item.ticket !== ticket || item.reply.result.kind !== 'session')
          continue;
        const { sessionId: id, holder, nextRequest } = item.reply.result;
        const session = { id, holder, at, lastRequest: nextRequest - 1 };
        this.sessions.push(session);
        return session;
      }
    }
    invariant(false, 'a session is opened');
  }

  submit(session: OpenedSession, ops: readonly Op[]): void {
    const builder = new BatchBuilder();
    for (const op of ops) builder.add(op);
    const bytes = builder.finish({
      sessionId: session.id,
      holder: session.holder,
      firstRequest: session.lastRequest + 1,
      acknowledgedThrough: session.lastRequest,
    });
    session.lastRequest += ops.length;
    this.push(session.at, { kind: 'submit', batches: [{ bytes, announceDurable: this.below(4) === 0 }] });
  }

  freshId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #perform(member: Member, output: ReplicaOutput): void {
    member.recording.outputs.push(output);
    const push = (input: Unstamped): void => void member.queue.push({ ...input, wallMs: this.#wallMs });
    for (const { ticket, batch } of output.persists) {
      const { snapshotChunk: chunk } = batch;
      if (chunk !== undefined) {
        member.writing = chunk.offset === 0 ? [chunk.bytes] : [...member.writing, chunk.bytes];
        if (chunk.last) member.complete = Uint8Array.from(member.writing.flatMap((bytes) => [...bytes]));
      }
      push({ kind: 'persisted', ticket });
    }
    this.#send(output.sendNow);
    this.#send(output.sendAfterPersist);
    for (const { to, meta, offset, length } of output.snapshotReads) {
      const bytes = member.complete.slice(offset, offset + length);
      const last = offset + length >= member.complete.length;
      push({ kind: 'snapshot-read', to, meta, offset, bytes, last });
    }
    if (output.more) push({ kind: 'continue' });
  }

  #send(messages: readonly ReplicaMessage[]): void {
    for (const message of messages) {
      if (this.below(100) < this.lossPercent || this.isLost(message)) continue;
      this.push(message.to, { kind: 'message', message });
    }
  }
}

/** A fresh replica that is given what another one was given; answers what it makes of it, and its digest. */
export function replay(recording: Recording): {
  readonly outputs: readonly ReplicaOutput[];
  readonly digest: string;
} {
  const replica = new Replica(recording.config(), emptyStorage, new Machine());
  const outputs = [replica.start(1_000_000)];
  for (const input of recording.inputs) outputs.push(replica.step(input));
  return { outputs, digest: replica.machine.digest() };
}

/** An op that changes something, most of the time. */
export function someOp(below: (bound: number) => number): Op {
  const path = `/${below(6)}`;
  const value = sourceOf(encodeValue({ number: below(1_000), bytes: new Uint8Array(below(30)) }));
  const create = { path, value, ttlMs: 0, parents: 'none', ifAbsent: false } as const;
  switch (below(6)) {
    case 0:
      return { kind: 'create', ...create, createKind: 'persistent', sequential: false };
    case 1:
      return { kind: 'create', ...create, createKind: 'ephemeral', sequential: true };
    case 2:
      return { kind: 'set', path, value, version: -1, create: true };
    case 3:
      return { kind: 'delete', path, version: -1, recursive: false, ifExists: true };
    case 4:
      return { kind: 'increment', path: '/count', by: below(10), create: true };
    default:
      return { kind: 'compare', path, expected: value, value };
  }
}

const emptyStorage = { hardState: undefined, snapshot: undefined, entries: [] } as const;

function configOf(id: string, randomU32: () => number): ReplicaConfig {
  const raft = {
    ...defaultPeerLimits,
    logEntriesKept: 3,
    snapshotChunkBytes: 300,
    id,
    incarnation: id.charCodeAt(0),
    members: { a: '', b: '', c: '' },
    heartbeatTicks: 2,
    electionTicks: 10,
    tickMs: 10,
    randomU32,
  };
  return {
    ...defaultPeerLimits,
    raft,
    ensembleLimits: { ...defaultEnsembleLimits, historyChangesMax: 50 },
    snapshotAfterEntries: 25,
    snapshotChunkBytes: 300,
    applyCommandsPerStepMax: 1,
  };
}
