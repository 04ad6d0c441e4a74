/**
 * The output of a step while it is being made, and what is known about durability across steps.
 *
 * Tickets number the persists. A ticket confirms exactly the entries that were in its batch and are still in
 * the log: a truncation cuts what earlier tickets may confirm, so that a late confirmation never counts entries
 * that were rewritten since (etcd-io/raft: async_storage_writes_append_aba_race).
 */
import { invariant } from '../invariant.ts';
import type { Entry, HardState, SnapshotMeta } from '../ports/entry.ts';
import type { SnapshotChunk, WriteBatch } from '../ports/storage.ts';
import type { InstallSnapshot, RaftMessage } from './messages.ts';
import type { Persist, RaftNotice, RaftOutput } from './output.ts';

type SnapshotReadRequest = RaftOutput['snapshotReads'][number];

const none: readonly never[] = Object.freeze([]);

/** One list of an output. Most steps put nothing into most lists: those share one empty list. */
class Gathered<T> {
  #items: T[] | undefined;

  add(item: T): void {
    if (this.#items === undefined) this.#items = [item];
    else this.#items.push(item);
  }

  /** All of them; they are the caller's from now on. */
  take(): readonly T[] {
    const items = this.#items ?? none;
    this.#items = undefined;
    return items;
  }
}

export class Outbox {
  #ticket = 0;
  #persistedTicket = 0;
  /** The last ticket that carries term, vote and record: until it is durable, no message may show them. */
  #hardStateTicket = 0;
  /** Entries on their way to the disk: once `ticket` is durable, so is everything up to `lastIndex`. */
  #writing: { readonly ticket: number; lastIndex: number }[] = [];
  #persistedIndex: number;

  #isHardStateChanged = false;
  #snapshotChunk: SnapshotChunk | undefined;
  #install: SnapshotMeta | undefined;
  #truncateFrom: number | undefined;
  #entries: Entry[] = [];
  #compactThrough: number | undefined;
  readonly #promises = new Gathered<RaftMessage>();
  readonly #messages = new Gathered<RaftMessage>();
  readonly #snapshotReads = new Gathered<SnapshotReadRequest>();
  #receivedChunk: InstallSnapshot | undefined;
  readonly #notices = new Gathered<RaftNotice>();
  #hasNews = false;

  constructor(persistedIndex: number) {
    this.#persistedIndex = persistedIndex;
  }

  /** Everything in the log up to here is durable here. */
  get persistedIndex(): number {
    return this.#persistedIndex;
  }

  /** Term, vote and record as they are now are durable. */
  get isHardStateDurable(): boolean {
    return !this.#isHardStateChanged && this.#hardStateTicket <= this.#persistedTicket;
  }

  /** Sends a message that is only true once everything up to this step is durable. */
  promise(message: RaftMessage): void {
    this.#promises.add(message);
  }

  /** Sends a message that promises nothing, except that its sender's term is durable. */
  send(message: RaftMessage): void {
    this.#messages.add(message);
  }

  notice(notice: RaftNotice): void {
    this.#notices.add(notice);
  }

  readSnapshot(request: SnapshotReadRequest): void {
    this.#snapshotReads.add(request);
  }

  /** Followers are to be told something soon, but not by this step. */
  newsWait(): void {
    this.#hasNews = true;
  }

  receiveChunk(chunk: InstallSnapshot): void {
    invariant(this.#receivedChunk === undefined, 'one chunk is judged at a time');
    this.#receivedChunk = chunk;
  }

  hardStateChanged(): void {
    this.#isHardStateChanged = true;
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) this.#entries.push(entry);
  }

  truncate(from: number): void {
    invariant(this.#entries.length === 0, 'a step truncates before it appends');
    this.#truncateFrom = from;
    this.#forgetFrom(from);
  }

  storeChunk(chunk: SnapshotChunk): void {
    this.#snapshotChunk = chunk;
  }

  install(meta: SnapshotMeta): void {
    invariant(this.#entries.length === 0, 'a step that installs appends nothing');
    this.#install = meta;
    this.#forgetFrom(0);
  }

  compact(through: number): void {
    this.#compactThrough = through;
  }

  /** Everything up to this ticket is durable. */
  persisted(ticket: number): void {
    invariant(ticket > this.#persistedTicket, 'tickets complete in order', {
      ticket,
      before: this.#persistedTicket,
    });
    invariant(ticket <= this.#ticket, 'only what was asked for is durable', { ticket, last: this.#ticket });
    this.#persistedTicket = ticket;
    let done = 0;
    for (const write of this.#writing) {
      if (write.ticket > ticket) break;
      this.#persistedIndex = Math.max(this.#persistedIndex, write.lastIndex);
      done += 1;
    }
    if (done > 0) this.#writing = this.#writing.slice(done);
  }

  /** Closes the step. Whatever shows a term, vote or record that is not durable yet waits for it. */
  finish(source: { readonly hardState: HardState }): RaftOutput {
    const persist = this.#hasPersist ? this.#finishPersist(source.hardState) : undefined;
    const mustWait = this.#hardStateTicket > this.#persistedTicket;
    const promises = this.#promises.take();
    const messages = this.#messages.take();
    const output: RaftOutput = {
      persist,
      sendAfterPersist: mustWait ? [...promises, ...messages] : promises,
      sendNow: mustWait ? none : messages,
      snapshotReads: this.#snapshotReads.take(),
      receivedChunk: this.#receivedChunk,
      notices: this.#notices.take(),
      hasNews: this.#hasNews,
    };
    this.#receivedChunk = undefined;
    this.#hasNews = false;
    return output;
  }

  get #hasPersist(): boolean {
    return (
      this.#isHardStateChanged ||
      this.#entries.length > 0 ||
      this.#snapshotChunk !== undefined ||
      this.#install !== undefined ||
      this.#truncateFrom !== undefined ||
      this.#compactThrough !== undefined
    );
  }

  #finishPersist(hardState: HardState): Persist {
    const batch: { -readonly [Part in keyof WriteBatch]: WriteBatch[Part] } = {};
    if (this.#isHardStateChanged) batch.hardState = hardState;
    if (this.#snapshotChunk !== undefined) batch.snapshotChunk = this.#snapshotChunk;
    if (this.#install !== undefined) batch.install = this.#install;
    if (this.#truncateFrom !== undefined) batch.truncateFrom = this.#truncateFrom;
    if (this.#entries.length > 0) batch.entries = this.#entries;
    if (this.#compactThrough !== undefined) batch.compactThrough = this.#compactThrough;
    this.#ticket += 1;
    if (this.#isHardStateChanged) this.#hardStateTicket = this.#ticket;
    const lastIndex = this.#entries.at(-1)?.index ?? this.#install?.index;
    if (lastIndex !== undefined) this.#writing.push({ ticket: this.#ticket, lastIndex });
    this.#isHardStateChanged = false;
    this.#snapshotChunk = undefined;
    this.#install = undefined;
    this.#truncateFrom = undefined;
    this.#entries = [];
    this.#compactThrough = undefined;
    return { ticket: this.#ticket, batch };
  }

  #forgetFrom(index: number): void {
    this.#persistedIndex = Math.min(this.#persistedIndex, Math.max(index - 1, 0));
    for (const write of this.#writing) write.lastIndex = Math.min(write.lastIndex, Math.max(index - 1, 0));
  }
}
