/**
 * The machine once more, as simply as it can be said: plain objects, whole copies instead of undo, scans instead
 * of indexes. It shares with the machine only the codec (bytes of batches and of values) and the applier of
 * patches, which have tests of their own; so the property test compares two independent readings of semantics.md.
 */
import type { Batch, SessionBatch, SystemBatch } from '../../codec/batch.ts';
import type { CreateOp, MultiOp, Op, PatchOp, SetOp, SingleOp, SystemOp } from '../../codec/op.ts';
import { pathProblem } from '../../codec/path.ts';
import { checkValue } from '../../codec/value-check.ts';
import { decodeValue } from '../../codec/value-decode.ts';
import { encodeValue } from '../../codec/value-encode.ts';
import type { ValueSource } from '../../codec/value.ts';
import type { ErrorCode } from '../../errors.ts';
import type { EnsembleLimits } from '../../limits.ts';
import { patchValue } from '../../ops/value-patch.ts';

export interface NaiveZnode {
  /** Canonical bytes in hexadecimal. */
  value: string;
  kind: string;
  ttlMs: number;
  owner: number;
  czxid: number;
  mzxid: number;
  pzxid: number;
  ctime: number;
  mtime: number;
  version: number;
  cversion: number;
  createCount: number;
  elapsedMs: number;
}

export interface NaiveSession {
  secret: string;
  timeoutMs: number;
  holder: number;
  lastRequest: number;
  acknowledged: number;
  openedAtMs: number;
  replies: Record<number, unknown>;
}

export interface NaiveState {
  znodes: Record<string, NaiveZnode>;
  sessions: Record<number, NaiveSession>;
  closed: number[];
  history: NaiveTransaction[];
  evictedThrough: number;
  limits: EnsembleLimits;
  configured: boolean;
  zxid: number;
  wallMs: number;
  elapsedMs: number;
}

export interface NaiveChange {
  path: string;
  before: unknown;
  after: unknown;
  bytes: number;
}

export interface NaiveTransaction {
  zxid: number;
  changes: NaiveChange[];
}

export interface NaiveApplied {
  items: unknown[];
  transactions: NaiveTransaction[];
}

/** Thrown by an op that fails; everything it did is dropped with the copy it did it to. */
class Refused {
  readonly code: ErrorCode;
  readonly index: number | undefined;

  constructor(code: ErrorCode, index?: number) {
    this.code = code;
    this.index = index;
  }
}

export class NaiveModel {
  state: NaiveState;
  #changes: NaiveChange[] = [];
  #applied: NaiveApplied = { items: [], transactions: [] };

  constructor(limits: EnsembleLimits) {
    this.state = {
      znodes: {
        '/': { ...this.#blank('c0', 'persistent'), czxid: 0, mzxid: 0, pzxid: 0, ctime: 0, mtime: 0 },
      },
      sessions: {},
      closed: [],
      history: [],
      evictedThrough: 0,
      limits,
      configured: false,
      zxid: 0,
      wallMs: 0,
      elapsedMs: 0,
    };
  }

  apply(wallMs: number, elapsedMs: number, batches: readonly Batch[]): NaiveApplied {
    this.state.wallMs = Math.max(this.state.wallMs, wallMs);
    this.state.elapsedMs = Math.max(this.state.elapsedMs, elapsedMs);
    this.#applied = { items: [], transactions: [] };
    for (const batch of batches) {
      if (batch.kind === 'session') this.#session(batch);
      else this.#system(batch);
    }
    return this.#applied;
  }

  children(path: string): string[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    const below = Object.keys(this.state.znodes).filter((other) => other !== '/' && other.startsWith(prefix));
    return below.filter((other) => !other.slice(prefix.length).includes('/')).sort();
  }

  /** A znode with its stat, as the machine's records are shown by the test. */
  view(path: string): unknown {
    const znode = this.state.znodes[path];
    if (znode === undefined) return undefined;
    return { path, ...znode, childrenCount: this.children(path).length };
  }

  stat(path: string): unknown {
    const znode = this.#at(path);
    const { czxid, mzxid, pzxid, ctime, mtime, version, cversion, owner } = znode;
    const value = decodeValue(sourceOfHex(znode.value)).value;
    const dataLength = value instanceof Uint8Array ? value.length : znode.value.length / 2;
    const childrenCount = this.children(path).length;
    return {
      czxid,
      mzxid,
      pzxid,
      ctime,
      mtime,
      version,
      cversion,
      aversion: 0,
      owner,
      dataLength,
      childrenCount,
    };
  }

  #session(batch: SessionBatch): void {
    const { sessionId, holder, firstRequest, ops } = batch;
    const about = { sessionId, holder };
    const refuse = (code: string): void => void this.#applied.items.push({ kind: 'refused', ...about, code });
    const session = this.state.sessions[sessionId];
    if (session === undefined) {
      refuse(this.state.closed.includes(sessionId) ? 'SESSION_CLOSED' : 'SESSION_EXPIRED');
      return;
    }
    if (session.holder !== holder) {
      refuse('SESSION_EXPIRED');
      return;
    }
    session.acknowledged = Math.max(
      session.acknowledged,
      Math.min(batch.acknowledgedThrough, session.lastRequest),
    );

    const repeated: unknown[] = [];
    const fresh: unknown[] = [];
    const before = session.lastRequest;
    let firstRepeated = 0;
    let ended = false;
    let gap = false;
    for (const [at, op] of ops.entries()) {
      const request = firstRequest + at;
      if (request <= before) {
        if (request <= session.acknowledged || request < 1) continue;
        if (repeated.length === 0) firstRepeated = request;
        repeated.push(session.replies[request]);
        continue;
      }
      const isNext = request === session.lastRequest + 1;
      const hasRoom = session.lastRequest - session.acknowledged < this.state.limits.repliesPerSessionMax;
      if (!isNext || !hasRoom) {
        gap = true;
        break;
      }
      const reply = this.#request(sessionId, op);
      session.lastRequest = request;
      session.replies[request] = reply;
      fresh.push(reply);
      if (op.kind === 'close') {
        ended = true;
        break;
      }
    }
    const { items } = this.#applied;
    if (repeated.length > 0)
      items.push({ kind: 'replies', ...about, firstRequest: firstRepeated, replies: repeated });
    if (fresh.length > 0) items.push({ kind: 'replies', ...about, firstRequest: before + 1, replies: fresh });
    if (gap) items.push({ kind: 'gap', ...about, expected: session.lastRequest + 1 });
    if (!ended) return;
    items.push({ kind: 'session-ended', sessionId, code: 'SESSION_CLOSED' });
    if (firstRequest + ops.length - 1 > session.lastRequest) refuse('SESSION_CLOSED');
  }

  #request(sessionId: number, op: Op): unknown {
    this.state.zxid += 1;
    const { zxid } = this.state;
    switch (op.kind) {
      case 'noop':
        return { zxid, result: { kind: 'none' } };
      case 'invalid':
        return { zxid, result: { kind: 'error', code: 'BAD_ARGUMENTS', index: undefined } };
      case 'close':
        this.#endSession(sessionId, true);
        return { zxid, result: { kind: 'none' } };
      default:
        return { zxid, result: this.#attempt(() => this.#op(sessionId, op)) };
    }
  }

  #system(batch: SystemBatch): void {
    this.state.zxid += 1;
    const { zxid } = this.state;
    const { items } = this.#applied;
    const { origin, incarnation, ticket } = batch;
    const place = items.length;
    const result = this.#attempt(() => this.#command(batch.op, ticket));
    items.splice(place, 0, { kind: 'system', origin, incarnation, ticket, reply: { zxid, result } });
  }

  #command(op: SystemOp, ticket: number): unknown {
    const { state } = this;
    switch (op.kind) {
      case 'invalid':
        throw new Refused('BAD_ARGUMENTS');
      case 'configure':
        if (Object.values(op.limits).some((limit) => !Number.isSafeInteger(limit)))
          throw new Refused('BAD_ARGUMENTS');
        if (op.limits.repliesPerSessionMax < 1) throw new Refused('BAD_ARGUMENTS');
        if (op.limits.sessionTimeoutMsMin > op.limits.sessionTimeoutMsMax) throw new Refused('BAD_ARGUMENTS');
        if (!state.configured) state.limits = op.limits;
        state.configured = true;
        this.#evict();
        return { kind: 'none' };
      case 'open-session':
        return this.#open(op);
      case 'resume-session': {
        const session = state.sessions[op.sessionId];
        if (session === undefined) throw this.#gone(op.sessionId);
        if (session.secret !== hex(op.secretHash)) throw new Refused('AUTH_FAILED');
        if (session.holder === ticket) return this.#sessionResult(op.sessionId);
        if (ticket <= 1) throw new Refused('BAD_ARGUMENTS');
        session.holder = ticket;
        session.lastRequest += 1;
        session.acknowledged = session.lastRequest;
        return this.#sessionResult(op.sessionId);
      }
      case 'expire-session': {
        const session = state.sessions[op.sessionId];
        if (session === undefined) throw this.#gone(op.sessionId);
        if (session.lastRequest > op.lastRequest) throw new Refused('COMPARE_FAILED');
        this.#endSession(op.sessionId, false);
        this.#applied.items.push({ kind: 'session-ended', sessionId: op.sessionId, code: 'SESSION_EXPIRED' });
        return { kind: 'none' };
      }
      case 'end-session':
        if (state.closed.includes(op.sessionId)) return { kind: 'none' };
        if (state.sessions[op.sessionId] === undefined) throw new Refused('SESSION_EXPIRED');
        this.#endSession(op.sessionId, true);
        this.#applied.items.push({ kind: 'session-ended', sessionId: op.sessionId, code: 'SESSION_CLOSED' });
        return { kind: 'none' };
      case 'reap-container':
      case 'reap-ttl':
        return this.#reap(op);
    }
  }

  #open(op: Extract<SystemOp, { kind: 'open-session' }>): unknown {
    const { state } = this;
    const { sessionTimeoutMsMin, sessionTimeoutMsMax, sessionsMax } = state.limits;
    if (!(op.timeoutMs > 0)) throw new Refused('BAD_ARGUMENTS');
    const secret = hex(op.secretHash);
    const known = Object.entries(state.sessions).find(([, session]) => session.secret === secret);
    if (known !== undefined) return this.#sessionResult(Number(known[0]));
    if (Object.keys(state.sessions).length >= sessionsMax) throw new Refused('LIMIT_EXCEEDED');
    state.sessions[state.zxid] = {
      secret,
      timeoutMs:
        op.timeoutMs === Infinity
          ? Infinity
          : Math.floor(Math.max(sessionTimeoutMsMin, Math.min(sessionTimeoutMsMax, op.timeoutMs))),
      holder: 1,
      lastRequest: 0,
      acknowledged: 0,
      openedAtMs: state.wallMs,
      replies: {},
    };
    return this.#sessionResult(state.zxid);
  }

  #sessionResult(sessionId: number): unknown {
    const session = this.state.sessions[sessionId];
    if (session === undefined) throw new TypeError('a session was expected');
    const { timeoutMs, holder, lastRequest } = session;
    return { kind: 'session', sessionId, timeoutMs, holder, nextRequest: lastRequest + 1 };
  }

  #gone(sessionId: number): Refused {
    return new Refused(this.state.closed.includes(sessionId) ? 'SESSION_CLOSED' : 'SESSION_EXPIRED');
  }

  #reap(op: Extract<SystemOp, { kind: 'reap-container' | 'reap-ttl' }>): unknown {
    if (pathProblem(op.path) !== undefined) throw new Refused('BAD_ARGUMENTS');
    const znode = this.state.znodes[op.path];
    if (znode === undefined) throw new Refused('NO_NODE');
    const isEmpty = this.children(op.path).length === 0;
    const isDue =
      op.kind === 'reap-container'
        ? znode.kind === 'container' && znode.createCount > 0 && znode.pzxid === op.pzxid
        : znode.kind === 'ttl' &&
          znode.mzxid === op.mzxid &&
          znode.elapsedMs + znode.ttlMs <= this.state.elapsedMs;
    if (!isDue || !isEmpty) throw new Refused('COMPARE_FAILED');
    this.#delete(op.path);
    return { kind: 'none' };
  }

  #endSession(sessionId: number, isClosed: boolean): void {
    const { znodes, sessions, closed } = this.state;
    delete sessions[sessionId];
    if (isClosed) closed.push(sessionId);
    const owned = Object.keys(znodes).filter((path) => znodes[path]?.owner === sessionId);
    for (const path of owned.sort()) this.#delete(path);
    this.#finishCommand();
  }

  /** Runs a command on the state; a refusal restores the copy that was made before. */
  #attempt(command: () => unknown): unknown {
    const copy = structuredClone(this.state.znodes);
    this.#changes = [];
    try {
      const result = command();
      this.#finishCommand();
      return result;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.state.znodes = copy;
      this.#changes = [];
      return { kind: 'error', code: error.code, index: error.index };
    }
  }

  #finishCommand(): void {
    if (this.#changes.length === 0) return;
    const transaction = { zxid: this.state.zxid, changes: this.#changes };
    this.#changes = [];
    this.#applied.transactions.push(transaction);
    this.state.history.push(transaction);
    this.#evict();
  }

  #evict(): void {
    const { history, limits } = this.state;
    for (;;) {
      const changes = history.flatMap((transaction) => transaction.changes);
      const bytes = changes.reduce((sum, change) => sum + change.bytes, 0);
      if (changes.length <= limits.historyChangesMax && bytes <= limits.historyBytesMax) return;
      this.state.evictedThrough = history.shift()?.zxid ?? 0;
    }
  }

  #op(sessionId: number, op: SingleOp | MultiOp): unknown {
    if (op.kind !== 'multi') return this.#single(sessionId, op);
    if (op.ops.length > this.state.limits.multiOperationsMax) throw new Refused('LIMIT_EXCEEDED');
    if (op.byteCount > this.state.limits.multiBytesMax) throw new Refused('LIMIT_EXCEEDED');
    const results = op.ops.map((single, index) => {
      try {
        const result = this.#single(sessionId, single) as { kind: string; swapped?: boolean };
        if (result.kind === 'compared' && result.swapped === false) throw new Refused('COMPARE_FAILED');
        return result;
      } catch (error) {
        throw error instanceof Refused ? new Refused(error.code, index) : error;
      }
    });
    return { kind: 'multi', results };
  }

  #single(sessionId: number, op: SingleOp): unknown {
    switch (op.kind) {
      case 'check':
        this.#checkVersion(op.path, op.version);
        return { kind: 'none' };
      case 'create':
        return this.#create(sessionId, op);
      case 'set':
        return this.#set(op);
      case 'delete': {
        if (op.path === '/') throw new Refused('BAD_ARGUMENTS');
        if (op.ifExists && pathProblem(op.path) === undefined && this.state.znodes[op.path] === undefined) {
          return { kind: 'none' };
        }
        this.#checkVersion(op.path, op.version);
        const below = this.#subtree(op.path);
        if (below.length > 1 && !op.recursive) throw new Refused('NOT_EMPTY');
        if (below.length > 1 && below.length > this.state.limits.recursiveDeleteMax)
          throw new Refused('LIMIT_EXCEEDED');
        for (const path of below.toReversed()) this.#delete(path);
        return { kind: 'none' };
      }
      case 'compare': {
        this.#checkValue(op.value);
        if (checkValue(op.expected.source, op.expected.start, op.expected.end) !== undefined) {
          throw new Refused('BAD_ARGUMENTS');
        }
        this.#checkVersion(op.path, -1);
        const previous = this.#at(op.path).value;
        const swapped = previous === hexOf(op.expected);
        if (swapped) this.#change(op.path, hexOf(op.value));
        return { kind: 'compared', swapped, previous, stat: this.stat(op.path) };
      }
      case 'increment':
        return this.#increment(op);
      case 'patch':
        return this.#patch(op);
    }
  }

  #create(sessionId: number, op: CreateOp): unknown {
    this.#checkValue(op.value);
    if (op.sequential && pathProblem(`${op.path}0000000000`) !== undefined)
      throw new Refused('BAD_ARGUMENTS');
    if (op.createKind === 'ttl' && op.ttlMs < 1) throw new Refused('BAD_ARGUMENTS');
    let { path } = op;
    if (op.sequential) {
      const count = this.state.znodes[parentOf(path)]?.createCount ?? 0;
      path += String(count).padStart(10, '0');
    }
    if (this.state.znodes[path] !== undefined) {
      if (!op.ifAbsent || op.sequential) throw new Refused('NODE_EXISTS');
      return { kind: 'created', path, stat: this.stat(path), created: false };
    }
    if (pathProblem(path) !== undefined) throw new Refused('BAD_ARGUMENTS');
    const missing: string[] = [];
    let ancestor = parentOf(path);
    for (; this.state.znodes[ancestor] === undefined; ancestor = parentOf(ancestor))
      missing.unshift(ancestor);
    if (missing.length > 0 && op.parents === 'none') throw new Refused('NO_NODE');
    if (this.#at(ancestor).owner !== 0) throw new Refused('NO_CHILDREN_FOR_EPHEMERALS');
    const isEphemeral = op.createKind === 'ephemeral';
    const owned = Object.values(this.state.znodes).filter((znode) => znode.owner === sessionId).length;
    if (isEphemeral && owned >= this.state.limits.ephemeralsPerSessionMax)
      throw new Refused('LIMIT_EXCEEDED');
    for (const parent of missing) this.#insert(parent, this.#blank('c0', op.parents));
    this.#insert(path, {
      ...this.#blank(hexOf(op.value), op.createKind),
      ttlMs: op.ttlMs,
      owner: isEphemeral ? sessionId : 0,
    });
    return { kind: 'created', path, stat: this.stat(path), created: true };
  }

  #set(op: SetOp): unknown {
    this.#checkValue(op.value);
    if (this.state.znodes[op.path] === undefined && op.create && op.version === -1) {
      this.#insertPlain(op.path, hexOf(op.value));
    } else {
      this.#checkVersion(op.path, op.version);
      this.#change(op.path, hexOf(op.value));
    }
    return { kind: 'stat', stat: this.stat(op.path) };
  }

  #increment(op: Extract<SingleOp, { kind: 'increment' }>): unknown {
    let sum: number | bigint = op.by;
    const znode = this.state.znodes[op.path];
    if (znode === undefined) {
      if (!op.create) this.#checkVersion(op.path, -1);
      this.#insertPlain(op.path, hex(encodeValue(op.by)));
    } else {
      const value = decodeValue(sourceOfHex(znode.value)).value;
      if (typeof value === 'bigint' && typeof op.by === 'bigint') sum = value + op.by;
      else if (Number.isSafeInteger(value) && typeof op.by === 'number') sum = (value as number) + op.by;
      else throw new Refused('NOT_A_NUMBER');
      if (typeof sum === 'number' && !Number.isSafeInteger(sum)) throw new Refused('OVERFLOW');
      if (typeof sum === 'bigint' && (sum > 2n ** 63n - 1n || sum < -(2n ** 63n)))
        throw new Refused('OVERFLOW');
      this.#change(op.path, hex(encodeValue(sum)));
    }
    return { kind: 'number', value: String(sum), type: typeof sum, stat: this.stat(op.path) };
  }

  #patch(op: PatchOp): unknown {
    const znode = this.state.znodes[op.path];
    if (op.mzxid === 0) {
      if (znode !== undefined) throw new Refused('NODE_EXISTS');
      this.#insertPlain(op.path, hexOf(op.patches), op.patches);
      return { kind: 'patched', value: hexOf(op.patches), stat: this.stat(op.path) };
    }
    this.#checkVersion(op.path, -1);
    if (this.#at(op.path).mzxid !== op.mzxid) throw new Refused('BAD_VERSION');
    const { source, start, end } = op.patches;
    if (checkValue(source, start, end) !== undefined) throw new Refused('BAD_ARGUMENTS');
    const base = decodeValue(sourceOfHex(this.#at(op.path).value)).value;
    const patched = patchValue(base, decodeValue(op.patches).value);
    if (patched.kind === 'problem') throw new Refused('PATCH_FAILED');
    const bytes = encodeValue(patched.value);
    this.#checkValue({ source: bytes, start: 0, end: bytes.length });
    this.#change(op.path, hex(bytes));
    return { kind: 'patched', value: hex(bytes), stat: this.stat(op.path) };
  }

  #insertPlain(path: string, value: string, source?: ValueSource): void {
    if (pathProblem(path) !== undefined) throw new Refused('BAD_ARGUMENTS');
    const parent = this.state.znodes[parentOf(path)];
    if (parent === undefined) throw new Refused('NO_NODE');
    if (parent.owner !== 0) throw new Refused('NO_CHILDREN_FOR_EPHEMERALS');
    if (source !== undefined) this.#checkValue(source);
    this.#insert(path, this.#blank(value, 'persistent'));
  }

  #insert(path: string, znode: NaiveZnode): void {
    this.state.znodes[path] = znode;
    const parent = this.#touchParent(path);
    parent.createCount += 1;
    this.#note(path, undefined, this.view(path));
  }

  #change(path: string, value: string): void {
    const before = this.view(path);
    const znode = this.#at(path);
    znode.value = value;
    znode.version += 1;
    znode.mzxid = this.state.zxid;
    znode.mtime = this.state.wallMs;
    znode.elapsedMs = this.state.elapsedMs;
    this.#note(path, before, this.view(path));
  }

  #delete(path: string): void {
    const before = this.view(path);
    delete this.state.znodes[path];
    this.#touchParent(path);
    this.#note(path, before, undefined);
  }

  #touchParent(path: string): NaiveZnode {
    const parent = this.#at(parentOf(path));
    parent.cversion += 1;
    parent.pzxid = this.state.zxid;
    parent.elapsedMs = this.state.elapsedMs;
    return parent;
  }

  #note(path: string, before: unknown, after: unknown): void {
    const bytesOf = (view: unknown): number => ((view as NaiveZnode | undefined)?.value.length ?? 0) / 2;
    this.#changes.push({ path, before, after, bytes: bytesOf(before) + bytesOf(after) });
  }

  #subtree(path: string): string[] {
    return [path, ...this.children(path).flatMap((child) => this.#subtree(child))];
  }

  #checkVersion(path: string, version: number): void {
    if (pathProblem(path) !== undefined) throw new Refused('BAD_ARGUMENTS');
    const znode = this.state.znodes[path];
    if (znode === undefined) throw new Refused('NO_NODE');
    if (version !== -1 && version !== znode.version) throw new Refused('BAD_VERSION');
  }

  #checkValue(value: ValueSource): void {
    if (value.end - value.start > this.state.limits.valueBytesMax) throw new Refused('LIMIT_EXCEEDED');
    if (checkValue(value.source, value.start, value.end) !== undefined) throw new Refused('BAD_ARGUMENTS');
  }

  #at(path: string): NaiveZnode {
    const znode = this.state.znodes[path];
    if (znode === undefined) throw new TypeError(`a znode was expected at ${path}`);
    return znode;
  }

  #blank(value: string, kind: string): NaiveZnode {
    const { zxid, wallMs, elapsedMs } = (this.state as NaiveState | undefined) ?? {
      zxid: 0,
      wallMs: 0,
      elapsedMs: 0,
    };
    return {
      value,
      kind,
      ttlMs: 0,
      owner: 0,
      czxid: zxid,
      mzxid: zxid,
      pzxid: zxid,
      ctime: wallMs,
      mtime: wallMs,
      version: 0,
      cversion: 0,
      createCount: 0,
      elapsedMs,
    };
  }
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function hexOf(value: ValueSource): string {
  return hex(value.source.subarray(value.start, value.end));
}

function sourceOfHex(text: string): ValueSource {
  const source = Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return { source, start: 0, end: source.length };
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
