/**
 * The tree of the naive model: znodes by path in a plain object, every rule written down as it is read, children
 * found by looking at all paths. See naive-model.ts.
 */
import type { CreateOp, MultiOp, PatchOp, SetOp, SingleOp } from '../../codec/op.ts';
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

/** What ops see of the model's state. */
export interface NaiveTreeState {
  znodes: Record<string, NaiveZnode>;
  limits: EnsembleLimits;
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

/** Thrown by an op that fails; everything it did is dropped with the copy it did it to. */
export class Refused {
  readonly code: ErrorCode;
  readonly index: number | undefined;

  constructor(code: ErrorCode, index?: number) {
    this.code = code;
    this.index = index;
  }
}

export class NaiveTree {
  readonly state: NaiveTreeState;
  /** Of the command that is being performed. */
  changes: NaiveChange[] = [];

  constructor(state: NaiveTreeState) {
    this.state = state;
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

  perform(sessionId: number, op: SingleOp | MultiOp): unknown {
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
        for (const path of below.toReversed()) this.delete(path);
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
    for (const parent of missing) this.#insert(parent, blank(this.state, 'c0', op.parents));
    this.#insert(path, {
      ...blank(this.state, hexOf(op.value), op.createKind),
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
    // The root is there with mzxid 0 until it is first written.
    if (op.mzxid === 0 && znode?.mzxid !== 0) {
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
    this.#insert(path, blank(this.state, value, 'persistent'));
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

  delete(path: string): void {
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
    this.changes.push({ path, before, after, bytes: bytesOf(before) + bytesOf(after) });
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
}

/** A znode that was created just now. */
export function blank(
  { zxid, wallMs, elapsedMs }: Pick<NaiveTreeState, 'zxid' | 'wallMs' | 'elapsedMs'>,
  value: string,
  kind: string,
): NaiveZnode {
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
