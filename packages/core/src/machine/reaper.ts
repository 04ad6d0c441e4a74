/**
 * Which containers and TTL znodes are due for deletion. Not replicated: it is derived from the changes (or
 * rebuilt from the records of a snapshot), so that a new leader knows at once; the deletion itself is a
 * command that apply judges again.
 *
 * A candidate is a childless TTL znode, or a childless container that has had a child. Each candidate is filed
 * under one time bucket, at the earliest moment in which it may be due. A write to a filed znode files nothing
 * anew: whether it is really due is looked up when its bucket comes, and if not, it is filed again. So a TTL
 * znode that is refreshed every second costs one comparison a refresh, and an hour without anything due costs
 * one comparison a call.
 */
import type { SystemOp } from '../codec/op.ts';
import { parentOf, rootPath } from '../codec/path.ts';
import { changeOf } from '../tree/change.ts';
import type { Tree } from '../tree/tree.ts';
import type { ZnodeRecord } from '../tree/znode-record.ts';
import { MinHeap } from './min-heap.ts';

/** Width of a bucket: how late a deletion may be for the sake of looking at many at once. */
const bucketMs = 100;
/** A named candidate is named again after this time if it is still there: its command may have been lost. */
const againAfterMs = 5_000;
/** Candidates looked at for each one that a call may name, so that a call stays short. */
const looksPerReap = 4;

export class Reaper {
  readonly #tree: Tree;
  /** Containers and TTL znodes that exist: with none, deletions need not look at their parents. */
  #reapableCount = 0;
  /** Where each candidate is filed. */
  readonly #filed = new Map<string, number>();
  readonly #buckets = new Map<number, Set<string>>();
  /** Every bucket number is in it once. */
  readonly #order = new MinHeap();

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  /** How many znodes are candidates now. */
  get candidatesCount(): number {
    return this.#filed.size;
  }

  /** A committed change; the tree shows it. */
  observe(before: ZnodeRecord | undefined, after: ZnodeRecord | undefined, containerGraceMs: number): void {
    // Nearly all there is to do for nearly every change: a znode keeps its kind.
    if (this.#reapableCount > 0 || before === undefined) this.#follow(before, after, containerGraceMs);
  }

  #follow(before: ZnodeRecord | undefined, after: ZnodeRecord | undefined, containerGraceMs: number): void {
    const kind = (after ?? before)?.createKind;
    const isReapable = kind === 'ttl' || kind === 'container';
    if (!isReapable && this.#reapableCount === 0) return;
    const { path } = changeOf(before, after);
    if (isReapable && before === undefined) this.#reapableCount += 1;
    if (isReapable && after === undefined) {
      this.#reapableCount -= 1;
      this.#unfile(path);
    }
    if (this.#reapableCount === 0) return;
    if (after !== undefined) {
      if (isReapable) this.#consider(path, containerGraceMs);
    } else if (path !== rootPath) {
      this.#consider(parentOf(path), containerGraceMs);
    }
  }

  /** A record of a snapshot; called once for each. */
  restore(record: ZnodeRecord, containerGraceMs: number): void {
    if (record.createKind !== 'ttl' && record.createKind !== 'container') return;
    this.#reapableCount += 1;
    const dueMs = dueTime(record, containerGraceMs);
    if (dueMs !== undefined) this.#file(record.path, dueMs);
  }

  /**
   * Commands for what is due at `elapsedMs`, at most `max` of them, the longest due first. What is named is not
   * named again for a while, so the leader may call this on every tick.
   */
  due(elapsedMs: number, max: number, containerGraceMs: number): readonly SystemOp[] {
    const ops: SystemOp[] = [];
    let looks = max * looksPerReap;
    for (;;) {
      const bucket = this.#order.min;
      if (bucket === undefined || (bucket + 1) * bucketMs > elapsedMs) return ops;
      for (const path of this.#buckets.get(bucket) ?? []) {
        if (ops.length >= max || looks === 0) return ops;
        looks -= 1;
        this.#unfile(path);
        const record = this.#tree.get(path);
        const dueMs = record === undefined ? undefined : dueTime(record, containerGraceMs);
        if (record === undefined || dueMs === undefined) continue;
        if (dueMs > elapsedMs) {
          this.#file(path, dueMs);
        } else {
          ops.push(reapOp(record));
          this.#file(path, elapsedMs + againAfterMs);
        }
      }
      this.#buckets.delete(bucket);
      this.#order.removeMin();
    }
  }

  #consider(path: string, containerGraceMs: number): void {
    const record = this.#tree.get(path);
    const dueMs = record === undefined ? undefined : dueTime(record, containerGraceMs);
    if (dueMs !== undefined) this.#file(path, dueMs);
  }

  /** Files a candidate no later than it is filed already. */
  #file(path: string, dueMs: number): void {
    const bucket = Math.floor(dueMs / bucketMs);
    const known = this.#filed.get(path);
    if (known !== undefined) {
      if (known <= bucket) return;
      this.#buckets.get(known)?.delete(path);
    }
    this.#filed.set(path, bucket);
    const paths = this.#buckets.get(bucket);
    if (paths !== undefined) {
      paths.add(path);
      return;
    }
    this.#buckets.set(bucket, new Set([path]));
    this.#order.add(bucket);
  }

  #unfile(path: string): void {
    const bucket = this.#filed.get(path);
    if (bucket === undefined) return;
    this.#filed.delete(path);
    // An empty bucket stays until its time: it costs one heap entry.
    this.#buckets.get(bucket)?.delete(path);
  }
}

/** Elapsed time from which the znode may be deleted if nothing happens to it; undefined if it is no candidate. */
export function dueTime(record: ZnodeRecord, containerGraceMs: number): number | undefined {
  if (record.childrenCount > 0) return undefined;
  switch (record.createKind) {
    case 'ttl':
      return record.elapsedMs + record.ttlMs;
    case 'container':
      // A container that never had a child waits for its first (ZooKeeper too).
      return record.createCount > 0 ? record.elapsedMs + containerGraceMs : undefined;
    case 'persistent':
    case 'ephemeral':
      return undefined;
  }
}

function reapOp(record: ZnodeRecord): SystemOp {
  return record.createKind === 'ttl'
    ? { kind: 'reap-ttl', path: record.path, mzxid: record.mzxid }
    : { kind: 'reap-container', path: record.path, pzxid: record.pzxid };
}
