/** Drives a machine as a log would: entries in order, batches encoded as sessions and peers encode them. */
import { BatchBuilder, encodeSystemBatch, joinBatches } from '../../codec/batch.ts';
import type { CreateOp, DeleteOp, Op, SetOp, SystemOp } from '../../codec/op.ts';
import { ByteWriter } from '../../codec/bytes.ts';
import { encodeReply } from '../../codec/reply-encode.ts';
import type { OpError, OpResult, Reply } from '../../codec/reply.ts';
import type { Value, ValueSource } from '../../codec/value.ts';
import { encodeValue } from '../../codec/value-encode.ts';
import { sourceOf } from '../../codec/value-source.ts';
import { invariant } from '../../invariant.ts';
import { defaultEnsembleLimits, type EnsembleLimits } from '../../limits.ts';
import type { Applied, AppliedItem, ApplyHooks } from '../contract.ts';
import { Machine } from '../machine.ts';
import { SnapshotReader } from '../snapshot-reader.ts';
import type { SnapshotWriter } from '../snapshot-writer.ts';

export const noHooks: ApplyHooks = {
  waitingSessions: new Set(),
  isWatched: () => true,
  requestApplied: () => undefined,
};

export interface OpenedSession {
  readonly id: number;
  readonly holder: number;
}

/** The numbers of a batch; what is absent follows on from what the machine knows. */
export interface BatchNumbers {
  readonly holder?: number;
  readonly firstRequest?: number;
  readonly acknowledgedThrough?: number;
}

export class Driver {
  machine: Machine;
  wallMs = 1_000;
  elapsedMs = 0;
  hooks: ApplyHooks = noHooks;
  /** Above the holder that a session begins with, as tickets are. */
  ticket = 100;

  constructor(machine: Machine = new Machine()) {
    this.machine = machine;
  }

  /** Applies one entry of these batches. */
  apply(...batches: readonly Uint8Array[]): Applied {
    return this.applyBody(joinBatches(batches));
  }

  applyBody(body: Uint8Array, kind: 'commands' | 'noop' | 'membership' = 'commands'): Applied {
    const index = this.machine.appliedIndex + 1;
    const { wallMs, elapsedMs } = this;
    return this.machine.apply({ index, term: 1, kind, wallMs, elapsedMs, body }, this.hooks);
  }

  system(op: SystemOp): OpResult | OpError {
    const item = this.apply(this.systemBatch(op)).items.find((found) => found.kind === 'system');
    invariant(item !== undefined, 'a system command is answered');
    return item.reply.result;
  }

  systemBatch(op: SystemOp): Uint8Array {
    this.ticket += 1;
    return encodeSystemBatch({ kind: 'system', origin: 'a', incarnation: 1, ticket: this.ticket, op });
  }

  configure(limits: Partial<EnsembleLimits>): void {
    this.system({ kind: 'configure', limits: { ...defaultEnsembleLimits, ...limits } });
  }

  open(secret = 1, timeoutMs = 10_000): OpenedSession {
    const result = this.system({ kind: 'open-session', secretHash: secretHash(secret), timeoutMs });
    invariant(result.kind === 'session', 'the session was opened', { result });
    return { id: result.sessionId, holder: result.holder };
  }

  /** Takes the session from whoever holds it. */
  resumption(sessionId: number, secret = 1): SystemOp {
    const heldBy = this.machine.session(sessionId)?.holder ?? 1;
    return { kind: 'resume-session', sessionId, secretHash: secretHash(secret), heldBy };
  }

  batch(session: OpenedSession | number, ops: readonly Op[], numbers: BatchNumbers = {}): Uint8Array {
    const sessionId = typeof session === 'number' ? session : session.id;
    const builder = new BatchBuilder();
    for (const op of ops) builder.add(op);
    return builder.finish({
      sessionId,
      holder: numbers.holder ?? (typeof session === 'number' ? 1 : session.holder),
      firstRequest: numbers.firstRequest ?? (this.machine.lastRequestOf(sessionId) ?? 0) + 1,
      acknowledgedThrough: numbers.acknowledgedThrough ?? 0,
    });
  }

  /** One batch in one entry: everything that came of it. */
  send(session: OpenedSession, ops: readonly Op[], numbers: BatchNumbers = {}): readonly AppliedItem[] {
    return this.apply(this.batch(session, ops, numbers)).items;
  }

  /** One batch, answered in full: the results alone. */
  ask(session: OpenedSession, ...ops: readonly Op[]): readonly (OpResult | OpError)[] {
    return repliesOf(this.send(session, ops)).map((reply) => reply.result);
  }
}

export function repliesOf(items: readonly AppliedItem[]): readonly Reply[] {
  return items.flatMap((item) => (item.kind === 'replies' ? item.replies : []));
}

/** A reply as its bytes: two replies are the same if their texts are, whatever objects they refer to. */
export function replyText(reply: Reply): string {
  const writer = new ByteWriter();
  encodeReply(writer, reply);
  return writer.finish().join(',');
}

export function secretHash(secret: number): Uint8Array {
  return new Uint8Array(32).fill(secret & 0xff).fill(secret >>> 8, 30);
}

export function value(of: Value): ValueSource {
  return sourceOf(encodeValue(of));
}

export function create(path: string, of: Value = null, options: Partial<CreateOp> = {}): CreateOp {
  return {
    kind: 'create',
    path,
    value: value(of),
    createKind: 'persistent',
    sequential: false,
    ttlMs: 0,
    parents: 'none',
    ifAbsent: false,
    ...options,
  };
}

export function set(path: string, of: Value, options: Partial<SetOp> = {}): SetOp {
  return { kind: 'set', path, value: value(of), version: -1, create: false, ...options };
}

export function remove(path: string, options: Partial<DeleteOp> = {}): DeleteOp {
  return { kind: 'delete', path, version: -1, recursive: false, ifExists: false, ...options };
}

/** Reads a snapshot to its end. */
export function readAll(writer: SnapshotWriter): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const { bytes, last } = writer.next();
    chunks.push(bytes);
    if (last) return chunks;
  }
}

export function snapshotOf(machine: Machine, chunkBytes = 1_024): readonly Uint8Array[] {
  return readAll(machine.beginSnapshot(chunkBytes));
}

export function restore(chunks: readonly Uint8Array[]): Machine {
  const reader = new SnapshotReader();
  for (const chunk of chunks) reader.push(chunk);
  return reader.finish();
}

/** The machine after a snapshot and a restart. */
export function reborn(machine: Machine, chunkBytes = 1_024): Machine {
  return restore(snapshotOf(machine, chunkBytes));
}
