/**
 * All cells, each at a number of its own from its coming to its leaving; then another cell may get it. So they can be
 * gone through while others come and go, and what belongs to a cell can lie elsewhere at its number (path-slots.ts).
 */
import { invariant } from '../invariant.ts';
import { type Cell, noNumber } from './cell.ts';

/** Cells of one block: growing copies nothing but the list of blocks. */
const blockBits = 10;
const blockMask = (1 << blockBits) - 1;

export class CellList {
  readonly #blocks: (Cell | undefined)[][] = [];
  readonly #freeNumbers: number[] = [];
  /** Above all numbers that were ever given. */
  #end = 0;

  get size(): number {
    return this.#end - this.#freeNumbers.length;
  }

  /** Above the numbers of all cells. */
  get end(): number {
    return this.#end;
  }

  /** The cell with a number, if there is one now. */
  at(number: number): Cell | undefined {
    return this.#blocks[number >> blockBits]?.[number & blockMask];
  }

  add(cell: Cell): void {
    invariant(cell.number === noNumber, 'a cell that comes is in no list');
    cell.number = this.#freeNumbers.pop() ?? this.#newNumber();
    this.#put(cell.number, cell);
  }

  remove(cell: Cell): void {
    this.#put(cell.number, undefined);
    this.#freeNumbers.push(cell.number);
    cell.number = noNumber;
  }

  /** Live: it leaves out what leaves before it comes by, and may or may not meet what comes meanwhile. */
  cursor(): CellCursor {
    return new CellCursor(this);
  }

  #newNumber(): number {
    const number = this.#end;
    this.#end += 1;
    // Full length from the beginning, as arrays with holes are slow.
    if ((number & blockMask) === 0) {
      this.#blocks.push(Array.from({ length: blockMask + 1 }, () => undefined));
    }
    return number;
  }

  #put(number: number, cell: Cell | undefined): void {
    const block = this.#blocks[number >> blockBits];
    invariant(block !== undefined, 'a number that was given lies in a block');
    block[number & blockMask] = cell;
  }
}

/** Goes once through all cells, in the order of their numbers, which is no useful one. */
export class CellCursor {
  readonly #list: CellList;
  #number = 0;

  constructor(list: CellList) {
    this.#list = list;
  }

  /** The next cell, or undefined at the end. */
  next(): Cell | undefined {
    while (this.#number < this.#list.end) {
      const cell = this.#list.at(this.#number);
      this.#number += 1;
      if (cell !== undefined) return cell;
    }
    return undefined;
  }
}
