/**
 * All cells by path. A JavaScript Map of a million entries stops its owner for tens of milliseconds when it
 * grows, and holds at most 2^24 entries; so the paths are spread over many small Maps by their last characters.
 * Names that all end alike fall into few Maps, which is then no worse than one Map would have been.
 */
import { invariant } from '../invariant.ts';
import type { Cell } from './cell.ts';

/** A power of two: a million znodes make Maps of 4,096, whose growth takes well below a millisecond. */
const shardCount = 256;

export class CellMap {
  readonly #shards: Map<string, Cell>[] = [];
  #size = 0;

  constructor() {
    for (let index = 0; index < shardCount; index += 1) this.#shards.push(new Map<string, Cell>());
  }

  get size(): number {
    return this.#size;
  }

  get(path: string): Cell | undefined {
    return this.#shards[shardOf(path)]?.get(path);
  }

  /** Adds a cell at a path that is free. */
  add(path: string, cell: Cell): void {
    const shard = this.#shard(shardOf(path));
    const before = shard.size;
    shard.set(path, cell);
    invariant(shard.size > before, 'a cell is added at a free path', { path });
    this.#size += 1;
  }

  /** Removes the cell at a path that is taken. */
  delete(path: string): void {
    const deleted = this.#shard(shardOf(path)).delete(path);
    invariant(deleted, 'a cell that is deleted is there', { path });
    this.#size -= 1;
  }

  /** Live: it leaves out what is deleted before it comes by, and may or may not meet what is added meanwhile. */
  cursor(): CellCursor {
    return new CellCursor(this.#shards);
  }

  #shard(index: number): Map<string, Cell> {
    const shard = this.#shards[index];
    invariant(shard !== undefined, 'a shard index is within bounds');
    return shard;
  }
}

/** Goes once through all cells, in no useful order. */
export class CellCursor {
  readonly #shards: readonly Map<string, Cell>[];
  #shardIndex = 0;
  #cells: Iterator<Cell, unknown, undefined> | undefined = undefined;

  constructor(shards: readonly Map<string, Cell>[]) {
    this.#shards = shards;
  }

  /** The next cell, or undefined at the end. */
  next(): Cell | undefined {
    for (;;) {
      this.#cells ??= this.#shards[this.#shardIndex]?.values();
      if (this.#cells === undefined) return undefined;
      const step = this.#cells.next();
      if (step.done !== true) return step.value;
      this.#cells = undefined;
      this.#shardIndex += 1;
    }
  }
}

/** Numbered names differ in their last digits, others in their last letters: three of them are enough. */
function shardOf(path: string): number {
  const length = path.length;
  // Before the start there is NaN, which the bit operation turns into 0.
  const last = path.charCodeAt(length - 1);
  const second = path.charCodeAt(length - 2);
  const third = path.charCodeAt(length - 3);
  return (last + Math.imul(second, 10) + Math.imul(third, 100)) & (shardCount - 1);
}
