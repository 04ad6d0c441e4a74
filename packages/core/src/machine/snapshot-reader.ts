/**
 * Reads a snapshot back into a machine, piece by piece as it arrives. Each push does work for its own bytes
 * only. Whatever is wrong with the bytes is a CoordinationError: `CORRUPTED`, or `UNSUPPORTED_VERSION` for one
 * that a later release wrote. A reader that has thrown is of no further use.
 */
import { ByteReader } from '../codec/bytes.ts';
import { decodeReply } from '../codec/reply-encode.ts';
import type { Reply } from '../codec/reply.ts';
import { CoordinationError } from '../errors.ts';
import { invariant } from '../invariant.ts';
import type { ZnodeRecord } from '../tree/znode-record.ts';
import type { Change } from './contract.ts';
import { digestOf } from './digest.ts';
import { Machine } from './machine.ts';
import { ReplyRecord } from './replies.ts';
import type { Session } from './session.ts';
import { closedSessionsMax } from './sessions.ts';
import { corrupted, FrameReader } from './snapshot-frames.ts';
import {
  readChange,
  readClosed,
  readEnd,
  readFacts,
  readSession,
  readTransaction,
  readZnode,
  recordKinds,
  type SnapshotEnd,
} from './snapshot-records.ts';
import { MachineState } from './state.ts';

/** A session whose replies are still coming. */
interface OpenSession {
  readonly session: Session;
  readonly repliesCount: number;
  readonly replies: Reply[];
}

/** A transaction whose changes are still coming. */
interface OpenTransaction {
  readonly zxid: number;
  readonly count: number;
  readonly changes: Change[];
}

/** Makes a machine of the bytes of a snapshot. */
export class SnapshotReader {
  readonly #frames = new FrameReader();
  readonly #state = new MachineState();
  /** Kind of the record before; they come in the order of their kinds. */
  #lastKind = 0;
  #session: OpenSession | undefined;
  #transaction: OpenTransaction | undefined;
  #lastSessionId = 0;
  #lastTransactionZxid = 0;
  #znodesCount = 0;
  #sessionsCount = 0;
  #repliesCount = 0;
  #transactionsCount = 0;
  #end: SnapshotEnd | undefined;
  #isBroken = false;

  /** Takes the next bytes, cut anywhere; they may be used again afterwards. */
  push(bytes: Uint8Array): void {
    invariant(!this.#isBroken, 'a reader that has thrown is not used again');
    this.#isBroken = true;
    this.#frames.push(bytes);
    for (let payload = this.#frames.next(); payload !== undefined; payload = this.#frames.next()) {
      this.#readPayload(payload);
    }
    this.#isBroken = false;
  }

  /** The machine, once every byte was pushed and everything agrees. Call it once. */
  finish(): Machine {
    invariant(!this.#isBroken, 'a reader that has thrown is not used again');
    this.#isBroken = true;
    const end = this.#end;
    if (end === undefined || !this.#frames.isBetweenFrames) throw corrupted('it is cut off');
    const state = this.#state;
    const problem = state.tree.finishLoad();
    if (problem !== undefined) throw corrupted(problem);
    if (end.znodesCount !== this.#znodesCount) throw corrupted('znodes are missing');
    if (end.sessionsCount !== this.#sessionsCount) throw corrupted('sessions are missing');
    if (end.repliesCount !== this.#repliesCount) throw corrupted('replies are missing');
    if (end.transactionsCount !== this.#transactionsCount) throw corrupted('transactions are missing');
    if (end.appliedIndex !== state.appliedIndex) throw corrupted('it has two places in the log');
    const digest = digestOf(state);
    if (end.digest !== digest) throw corrupted(`its digest is ${digest} and should be ${end.digest}`);
    return new Machine(state);
  }

  #readPayload(payload: Uint8Array): void {
    const reader = new ByteReader(payload);
    try {
      while (reader.remaining > 0) this.#readRecord(reader);
    } catch (error) {
      if (!(error instanceof CoordinationError) || error.code === 'CORRUPTED') throw error;
      // The codec's word for bytes that make no sense is PROTOCOL.
      throw corrupted(error.details.reason ?? error.message, error);
    }
    // Hashing a little after each frame leaves little for the end.
    this.#state.sessions.lanes();
  }

  #readRecord(reader: ByteReader): void {
    const kind = reader.u8();
    this.#checkOrder(kind);
    this.#lastKind = kind;
    switch (kind) {
      case recordKinds.meta:
        return this.#takeFacts(reader);
      case recordKinds.znode:
        return this.#takeZnode(readZnode(reader));
      case recordKinds.session:
        return this.#takeSession(reader);
      case recordKinds.reply:
        return this.#takeReply(reader);
      case recordKinds.closed:
        return this.#takeClosed(reader);
      case recordKinds.transaction:
        return this.#takeTransaction(reader);
      case recordKinds.change:
        return this.#takeChange(readChange(reader));
      case recordKinds.end:
        this.#end = readEnd(reader);
        return undefined;
      default:
        throw corrupted(`record kind ${kind} is unknown`);
    }
  }

  /** Kinds ascend, except that replies alternate with sessions and changes with transactions. */
  #checkOrder(kind: number): void {
    const { meta, session, reply, closed, transaction, change, end } = recordKinds;
    const last = this.#lastKind;
    if (this.#end !== undefined) throw corrupted('something follows the end');
    if ((last === 0) !== (kind === meta)) throw corrupted('it does not begin with its meta record');
    const isAlternating = (last === reply && kind === session) || (last === change && kind === transaction);
    if (kind < last && !isAlternating) throw corrupted('its records are out of order');
    if (kind !== reply && this.#session !== undefined) throw corrupted('a session lacks replies');
    if (kind !== change && this.#transaction !== undefined) throw corrupted('a transaction lacks changes');
    if (kind === closed && last === closed) throw corrupted('the closed sessions come twice');
    if (kind > closed && last < closed) throw corrupted('the closed sessions are missing');
    if (kind === reply && this.#session === undefined) throw corrupted('a reply belongs to no session');
    if (kind === change && this.#transaction === undefined) throw corrupted('a change belongs to nothing');
    if (kind > end) throw corrupted(`record kind ${kind} is unknown`);
  }

  #takeFacts(reader: ByteReader): void {
    const facts = readFacts(reader);
    const state = this.#state;
    state.appliedIndex = facts.appliedIndex;
    state.zxid = facts.zxid;
    state.moment = { wallMs: facts.wallMs, elapsedMs: facts.elapsedMs };
    state.configured = facts.configured;
    state.limits = Object.freeze(facts.limits);
    state.history.restore(facts.evictedThrough);
    this.#lastTransactionZxid = facts.evictedThrough;
  }

  #takeZnode(record: ZnodeRecord): void {
    if (record.mzxid > this.#state.zxid || record.pzxid > this.#state.zxid) {
      throw corrupted('a znode is from the future');
    }
    this.#state.tree.load(record);
    this.#state.reaper.restore(record, this.#state.limits.containerGraceMs);
    this.#znodesCount += 1;
  }

  #takeSession(reader: ByteReader): void {
    const { lastRequest, acknowledgedThrough, ...facts } = readSession(reader);
    if (facts.id <= this.#lastSessionId) throw corrupted('sessions are out of order');
    if (facts.id > this.#state.zxid) throw corrupted('a session is from the future');
    const { sessions } = this.#state;
    if (sessions.bySecret(facts.secretHash) !== undefined) throw corrupted('two sessions share a secret');
    const session = sessions.restore({ ...facts, replies: new ReplyRecord(acknowledgedThrough) });
    this.#lastSessionId = facts.id;
    this.#sessionsCount += 1;
    const repliesCount = lastRequest - acknowledgedThrough;
    if (repliesCount > 0) this.#session = { session, repliesCount, replies: [] };
  }

  #takeReply(reader: ByteReader): void {
    const open = this.#session;
    invariant(open !== undefined, 'the order of records was checked');
    const reply = decodeReply(reader);
    if (reply.zxid > this.#state.zxid) throw corrupted('a reply is from the future');
    open.replies.push(reply);
    this.#repliesCount += 1;
    if (open.replies.length < open.repliesCount) return;
    this.#session = undefined;
    this.#state.sessions.touch(open.session);
    open.session.replies.append(open.replies);
  }

  #takeClosed(reader: ByteReader): void {
    const ids = readClosed(reader, closedSessionsMax);
    for (const id of ids) {
      if (this.#state.sessions.get(id) !== undefined) throw corrupted('an open session is closed');
    }
    this.#state.sessions.restoreClosed(ids);
  }

  #takeTransaction(reader: ByteReader): void {
    const { zxid, count } = readTransaction(reader);
    if (zxid <= this.#lastTransactionZxid) throw corrupted('transactions are out of order');
    if (zxid > this.#state.zxid) throw corrupted('a transaction is from the future');
    this.#lastTransactionZxid = zxid;
    this.#transaction = { zxid, count, changes: [] };
  }

  #takeChange(change: Change): void {
    const open = this.#transaction;
    invariant(open !== undefined, 'the order of records was checked');
    open.changes.push(change);
    if (open.changes.length < open.count) return;
    this.#transaction = undefined;
    this.#transactionsCount += 1;
    const { history, limits } = this.#state;
    const before = history.evictedThrough;
    for (const each of open.changes) history.append(open.zxid, each.before, each.after);
    history.trim(limits);
    if (history.evictedThrough !== before) throw corrupted('the history exceeds its limits');
  }
}
