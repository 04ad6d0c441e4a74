/**
 * Who was granted a lock, by the log: its contenders are the sequential children of the lock's znode, and the one
 * with the lowest number holds it, from the command that made it the lowest to the one that removed it.
 */
import type { Entry } from '@quorate/core/ports';
import { ModelEnsemble, type ModelCommand } from '../model/model-ensemble.ts';
import { nameOf, parentPath } from '../model/model-tree.ts';

/** One grant, from `fromZxid` on and before `untilZxid`. */
export interface LockGrant {
  readonly lock: string;
  /** zxid of the creation of the contender's znode. */
  readonly token: number;
  readonly sequence: number;
  readonly fromZxid: number;
  /** Infinity: until the end of the log. */
  readonly untilZxid: number;
}

interface Contender {
  readonly sequence: number;
  readonly token: number;
}

/** Grants of all locks that are children-based as said above, at these paths, in the order of the log. */
export function grantsOf(log: readonly Entry[], locks: Iterable<string>): readonly LockGrant[] {
  const queues = Array.from(new Set(locks), (lock) => new LockQueue(lock));
  for (const command of new ModelEnsemble().apply(log)) for (const queue of queues) queue.follow(command);
  return queues.flatMap((queue) => queue.finish());
}

class LockQueue {
  readonly #lock: string;
  readonly #contenders = new Map<string, Contender>();
  readonly #grants: LockGrant[] = [];
  #holder: { readonly contender: Contender; readonly fromZxid: number } | undefined;

  constructor(lock: string) {
    this.#lock = lock;
  }

  follow({ zxid, changes }: ModelCommand): void {
    let isChanged = false;
    for (const { path, before, after } of changes) {
      if (path === '/' || parentPath(path) !== this.#lock) continue;
      const sequence = sequenceOf(nameOf(path));
      if (sequence === undefined) continue;
      if (after === undefined) this.#contenders.delete(path);
      else if (before === undefined) this.#contenders.set(path, { sequence, token: after.stat.czxid });
      isChanged = true;
    }
    if (isChanged) this.#judge(zxid);
  }

  finish(): readonly LockGrant[] {
    this.#end(Infinity);
    return this.#grants;
  }

  #judge(zxid: number): void {
    let lowest: Contender | undefined;
    for (const contender of this.#contenders.values()) {
      if (lowest === undefined || contender.sequence < lowest.sequence) lowest = contender;
    }
    if (lowest?.token === this.#holder?.contender.token) return;
    this.#end(zxid);
    this.#holder = lowest === undefined ? undefined : { contender: lowest, fromZxid: zxid };
  }

  #end(untilZxid: number): void {
    if (this.#holder === undefined) return;
    const { contender, fromZxid } = this.#holder;
    this.#grants.push({ lock: this.#lock, ...contender, fromZxid, untilZxid });
    this.#holder = undefined;
  }
}

/** The number at the end of a name: names before it say nothing about the order (ZooKeeper: ZOOKEEPER-2931). */
function sequenceOf(name: string): number | undefined {
  const [digits] = /[0-9]{10,}$/.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
