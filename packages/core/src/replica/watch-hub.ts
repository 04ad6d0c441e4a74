/**
 * The watches of this peer's sessions. Registrations are not replicated; the history that lets a watch resume
 * on another peer is (machine/history.ts). A watch sees exactly the transactions after the zxid at which it
 * was registered, even when that was in the middle of an entry.
 */
import type { Machine } from '../machine/machine.ts';
import { collectScope, WatchTable } from '../machine/watch-table.ts';
import type { Transaction } from '../machine/contract.ts';
import type { WatchDelivery, WatchRequest } from './contract.ts';

export class WatchHub {
  readonly #snapshotZnodesMax: number;
  readonly #table = new WatchTable();
  /** Last zxid that each watch has seen or skipped on purpose. */
  readonly #sinceZxid = new Map<number, number>();
  /** Requests in force, so that they can be carried over when a snapshot replaces the machine. */
  readonly #requests = new Map<number, WatchRequest>();

  constructor(snapshotZnodesMax: number) {
    this.#snapshotZnodesMax = snapshotZnodesMax;
  }

  get size(): number {
    return this.#requests.size;
  }

  /** Begins a watch at the machine's present zxid: with a snapshot of its scope, or from where it resumes. */
  begin(machine: Machine, request: WatchRequest, deliver: (delivery: WatchDelivery) => void): void {
    const { id } = request;
    if (request.from === undefined) {
      const found = collectScope(machine.tree, request, this.#snapshotZnodesMax);
      if (found.kind === 'too-large') {
        deliver({ kind: 'too-large', id, limitValue: this.#snapshotZnodesMax, measured: found.measured });
        return;
      }
      deliver({ kind: 'snapshot', id, zxid: machine.zxid, znodes: found.znodes });
      this.#register(request, machine.zxid);
      return;
    }
    const missed = machine.transactionsAfter(request.from);
    if (missed === 'compacted') {
      deliver({ kind: 'compacted', id, oldestZxid: machine.oldestZxid });
      return;
    }
    deliver({ kind: 'resumed', id, zxid: request.from });
    this.#replay(request, missed, deliver);
    this.#register(request, machine.zxid);
  }

  end(id: number): void {
    this.#table.unregister(id);
    this.#sinceZxid.delete(id);
    this.#requests.delete(id);
  }

  /** Hands one transaction to every watch whose scope it touches. */
  publish(transaction: Transaction, deliver: (delivery: WatchDelivery) => void): void {
    if (this.#requests.size === 0) return;
    for (const matched of this.#table.match(transaction)) {
      const since = this.#sinceZxid.get(matched.id) ?? 0;
      if (transaction.zxid > since) {
        deliver({ kind: 'changes', id: matched.id, transaction: matched.transaction });
      }
    }
  }

  /** A snapshot replaced the machine: what happened between is delivered from its history, or said to be lost. */
  carryOver(machine: Machine, before: number, deliver: (delivery: WatchDelivery) => void): void {
    if (this.#requests.size === 0) return;
    const missed = machine.transactionsAfter(before);
    for (const [id, request] of [...this.#requests]) {
      if (missed === 'compacted') {
        this.end(id);
        deliver({ kind: 'compacted', id, oldestZxid: machine.oldestZxid });
      } else {
        const since = this.#sinceZxid.get(id) ?? 0;
        this.#replay(
          request,
          missed.filter((transaction) => transaction.zxid > since),
          deliver,
        );
      }
    }
  }

  #register(request: WatchRequest, sinceZxid: number): void {
    this.#table.register(request);
    this.#sinceZxid.set(request.id, sinceZxid);
    this.#requests.set(request.id, request);
  }

  #replay(
    request: WatchRequest,
    transactions: readonly Transaction[],
    deliver: (delivery: WatchDelivery) => void,
  ): void {
    const alone = new WatchTable();
    alone.register(request);
    for (const transaction of transactions) {
      for (const matched of alone.match(transaction)) {
        deliver({ kind: 'changes', id: request.id, transaction: matched.transaction });
      }
    }
  }
}
