/**
 * Writes a snapshot of the machine in slices while it goes on applying commands. Everything is taken at the
 * beginning without being copied: the tree and the sessions by copy-on-write, the history as lists of
 * references. So each slice is short, whatever the size of the state, and what it writes is the state of the
 * beginning, whose digest the last record carries.
 */
import { ByteWriter } from '../codec/bytes.ts';
import { encodeReply } from '../codec/reply-encode.ts';
import { invariant } from '../invariant.ts';
import type { TreeSnapshot } from '../tree/snapshot.ts';
import type { Transaction } from './contract.ts';
import { digestOf } from './digest.ts';
import type { CapturedSession, SessionCapture } from './session-capture.ts';
import { beginFrame, sealFrame, writeSnapshotHeader } from './snapshot-frames.ts';
import {
  recordKinds,
  writeChange,
  writeClosed,
  writeEnd,
  writeFacts,
  writeSession,
  writeTransaction,
  writeZnode,
  type SnapshotFacts,
} from './snapshot-records.ts';
import type { MachineState } from './state.ts';

export interface WrittenChunk {
  readonly bytes: Uint8Array;
  /** True on the final chunk. */
  readonly last: boolean;
}

/** Znodes asked of the tree at a time: with small values less than one chunk. */
const znodesPerStep = 128;

export class SnapshotWriter {
  /** Position in the log: the snapshot is the state after this entry. */
  readonly appliedIndex: number;
  /** Digest of the state that is written. */
  readonly digest: string;
  readonly #chunkBytes: number;
  readonly #facts: SnapshotFacts;
  readonly #state: MachineState;
  readonly #znodes: TreeSnapshot;
  readonly #sessions: SessionCapture;
  readonly #transactions: Iterable<Transaction>;
  readonly #writer = new ByteWriter();
  readonly #steps: Iterator<void, void, undefined>;
  #framesCount = 0;
  #isDone = false;

  /** `chunkBytes`: about how long a chunk is; one large record may exceed it. */
  constructor(state: MachineState, chunkBytes: number) {
    this.digest = digestOf(state);
    this.appliedIndex = state.appliedIndex;
    this.#state = state;
    this.#chunkBytes = chunkBytes;
    this.#facts = {
      appliedIndex: state.appliedIndex,
      zxid: state.zxid,
      wallMs: state.moment.wallMs,
      elapsedMs: state.moment.elapsedMs,
      configured: state.configured,
      limits: state.limits,
      evictedThrough: state.history.evictedThrough,
    };
    this.#znodes = state.tree.beginSnapshot();
    this.#sessions = state.sessions.beginCapture();
    this.#transactions = state.history.capture();
    this.#steps = this.#write();
  }

  /** The next chunk. Not to be called again after the last one, or after `abort`. */
  next(): WrittenChunk {
    invariant(!this.#isDone, 'a snapshot is read to its end once');
    const writer = this.#writer;
    writer.reset();
    if (this.#framesCount === 0) writeSnapshotHeader(writer);
    const frameStart = beginFrame(writer);
    do {
      this.#isDone = this.#steps.next().done === true;
    } while (!this.#isDone && writer.position < this.#chunkBytes);
    const bytes = writer.finish();
    sealFrame(bytes, frameStart, this.#framesCount);
    this.#framesCount += 1;
    if (this.#isDone) this.#release();
    return { bytes, last: this.#isDone };
  }

  /** Gives the rest up. Safe to call twice, and after the end. */
  abort(): void {
    this.#isDone = true;
    this.#release();
  }

  #release(): void {
    this.#znodes.end();
    this.#state.sessions.release(this.#sessions);
  }

  /** Writes everything; each step is short. The tree comes first, because writes pay for its capture. */
  *#write(): Generator<void, void, undefined> {
    const writer = this.#writer;
    writeFacts(writer, this.#facts);
    let znodesCount = 0;
    for (;;) {
      const records = this.#znodes.next(znodesPerStep);
      if (records.length === 0) break;
      for (const record of records) {
        writeZnode(writer, record);
        znodesCount += 1;
        // Large values must not add up to one huge chunk.
        if (writer.position >= this.#chunkBytes) yield;
      }
      yield;
    }
    const sessionsCount = this.#sessions.count;
    let repliesCount = 0;
    for (let session = this.#sessions.next(); session !== undefined; session = this.#sessions.next()) {
      writeSession(writer, session);
      yield;
      yield* writeReplies(writer, session);
      repliesCount += session.lastRequest - session.acknowledgedThrough;
    }
    writeClosed(writer, this.#sessions.closed);
    yield;
    let transactionsCount = 0;
    for (const transaction of this.#transactions) {
      transactionsCount += 1;
      writeTransaction(writer, transaction);
      for (const change of transaction.changes) {
        writeChange(writer, change);
        yield;
      }
    }
    const { appliedIndex, digest } = this;
    writeEnd(writer, { appliedIndex, znodesCount, sessionsCount, repliesCount, transactionsCount, digest });
  }
}

function* writeReplies(writer: ByteWriter, session: CapturedSession): Generator<void, void, undefined> {
  for (const { firstRequest, replies } of session.segments) {
    for (const [at, reply] of replies.entries()) {
      if (firstRequest + at <= session.acknowledgedThrough) continue;
      writer.u8(recordKinds.reply);
      encodeReply(writer, reply);
      yield;
    }
  }
}
