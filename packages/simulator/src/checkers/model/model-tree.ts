/**
 * The tree as simply as it can be said: znodes by path, the names of children by path, and a journal that takes
 * back what a command did if it fails. No code is shared with the tree of production: a checker that replays a
 * log with the same code would repeat the same mistakes.
 */
import { invariant } from '@quorate/core/inspect';
import { dataLength } from './model-value.ts';

/** One znode; replaced, never changed. */
export interface ModelZnode {
  readonly path: string;
  /** Canonical. */
  readonly bytes: Uint8Array;
  readonly kind: 'persistent' | 'ephemeral' | 'container' | 'ttl';
  readonly ttlMs: number;
  /** Number of the owning session; 0 for none. */
  readonly owner: number;
  readonly czxid: number;
  readonly mzxid: number;
  readonly pzxid: number;
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  /** Children ever created: numbers sequential names. */
  readonly createCount: number;
  /** Ensemble time of the last change of value or children. */
  readonly elapsedMs: number;
}

/** The fields of a Stat as the model knows them. */
export interface ModelStat
  extends Omit<ModelZnode, 'path' | 'bytes' | 'kind' | 'ttlMs' | 'createCount' | 'elapsedMs'> {
  readonly aversion: 0;
  readonly dataLength: number;
  readonly childrenCount: number;
}

/** A znode with the stat that it had at that moment. */
export interface ModelView {
  readonly bytes: Uint8Array;
  readonly stat: ModelStat;
}

/** One znode's change; a parent's stat is none. */
export interface ModelChange {
  readonly path: string;
  readonly before: ModelView | undefined;
  readonly after: ModelView | undefined;
}

/** When a command happens. */
export interface ModelTimes {
  readonly zxid: number;
  readonly wallMs: number;
  readonly elapsedMs: number;
}

export class ModelTree {
  readonly #znodes = new Map<string, ModelZnode>();
  readonly #children = new Map<string, Set<string>>();
  /** Sorted names, until they change. */
  readonly #sorted = new Map<string, readonly string[]>();
  readonly #owned = new Map<number, Set<string>>();
  #journal: { readonly path: string; readonly before: ModelZnode | undefined }[] = [];
  #changes: ModelChange[] = [];

  constructor() {
    this.#znodes.set('/', newZnode('/', Uint8Array.of(0xc0), { zxid: 0, wallMs: 0, elapsedMs: 0 }));
  }

  get(path: string): ModelZnode | undefined {
    return this.#znodes.get(path);
  }

  /** For a path that must be there. */
  at(path: string): ModelZnode {
    const znode = this.#znodes.get(path);
    invariant(znode !== undefined, 'the model has this znode', { path });
    return znode;
  }

  /** In byte order. */
  children(path: string): readonly string[] {
    const known = this.#sorted.get(path);
    if (known !== undefined) return known;
    const names = [...(this.#children.get(path) ?? [])].sort();
    this.#sorted.set(path, names);
    return names;
  }

  childrenCount(path: string): number {
    return this.#children.get(path)?.size ?? 0;
  }

  /** It and all below it, parents before their children. */
  subtree(path: string): readonly string[] {
    if (!this.#znodes.has(path)) return [];
    return [path, ...this.children(path).flatMap((name) => this.subtree(childPath(path, name)))];
  }

  /** Ephemerals of a session, in byte order. */
  owned(session: number): readonly string[] {
    return [...(this.#owned.get(session) ?? [])].sort();
  }

  stat(path: string): ModelStat {
    const { czxid, mzxid, pzxid, ctime, mtime, version, cversion, owner, bytes } = this.at(path);
    const childrenCount = this.childrenCount(path);
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
      dataLength: dataLength(bytes),
      childrenCount,
    };
  }

  view(path: string): ModelView | undefined {
    const znode = this.#znodes.get(path);
    return znode === undefined ? undefined : { bytes: znode.bytes, stat: this.stat(path) };
  }

  /** The parent must be there. */
  insert(znode: ModelZnode, times: ModelTimes): void {
    this.#put(znode.path, znode);
    const parent = this.at(parentPath(znode.path));
    this.#touchParent({ ...parent, createCount: parent.createCount + 1 }, times);
    this.#changes.push({ path: znode.path, before: undefined, after: this.view(znode.path) });
  }

  change(path: string, bytes: Uint8Array, times: ModelTimes): void {
    const before = this.view(path);
    const znode = this.at(path);
    this.#put(path, {
      ...znode,
      bytes,
      version: znode.version + 1,
      mzxid: times.zxid,
      mtime: times.wallMs,
      elapsedMs: times.elapsedMs,
    });
    this.#changes.push({ path, before, after: this.view(path) });
  }

  /** It must have no children. */
  delete(path: string, times: ModelTimes): void {
    const before = this.view(path);
    this.#put(path, undefined);
    this.#touchParent(this.at(parentPath(path)), times);
    this.#changes.push({ path, before, after: undefined });
  }

  /** What changed since the last `commit` or `rollBack`, which stays. */
  commit(): readonly ModelChange[] {
    const changes = this.#changes;
    this.#changes = [];
    this.#journal = [];
    return changes;
  }

  /** Takes back what changed since the last `commit`. */
  rollBack(): void {
    const journal = this.#journal;
    for (const { path, before } of journal.toReversed()) this.#put(path, before);
    this.#changes = [];
    this.#journal = [];
  }

  #touchParent(parent: ModelZnode, { zxid, elapsedMs }: ModelTimes): void {
    this.#put(parent.path, { ...parent, cversion: parent.cversion + 1, pzxid: zxid, elapsedMs });
  }

  #put(path: string, znode: ModelZnode | undefined): void {
    const before = this.#znodes.get(path);
    this.#journal.push({ path, before });
    if (before !== undefined && before.owner !== 0) this.#owned.get(before.owner)?.delete(path);
    if (znode === undefined) {
      this.#znodes.delete(path);
      this.#children.get(parentPath(path))?.delete(nameOf(path));
      this.#sorted.delete(parentPath(path));
      return;
    }
    this.#znodes.set(path, znode);
    if (znode.owner !== 0) addTo(this.#owned, znode.owner, path);
    if (before !== undefined) return;
    addTo(this.#children, parentPath(path), nameOf(path));
    this.#sorted.delete(parentPath(path));
  }
}

/** A persistent znode created now. */
export function newZnode(
  path: string,
  bytes: Uint8Array,
  { zxid, wallMs, elapsedMs }: ModelTimes,
): ModelZnode {
  return {
    path,
    bytes,
    kind: 'persistent',
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

export function parentPath(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function childPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

function addTo<K>(sets: Map<K, Set<string>>, key: K, member: string): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([member]));
  else set.add(member);
}
