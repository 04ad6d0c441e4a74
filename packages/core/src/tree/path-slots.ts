/**
 * The paths of cells as bytes, side by side, by the numbers of the cells. A command names its path in bytes, and to
 * compare bytes with bytes takes a third of the time that it takes with the characters of a string (Node 20). A path
 * that does not fit a slot is compared with the string after all.
 */
import { hashAsciiTwice, hashTextTwice, type LanePair } from '../codec/hash.ts';
import { writeAscii } from '../codec/text.ts';

/** A byte for the length, then the path. Most paths are shorter; a znode takes ten times as much elsewhere. */
const slotBytes = 48;
/** In the place of a length: the path is longer, or not ASCII, or there is no cell now. */
const elsewhere = 0xff;
/** Slots of one block: growing copies nothing but the list of blocks. */
const blockBits = 10;
const blockMask = (1 << blockBits) - 1;
const noBytes = new Uint8Array(0);
const hashSeedLow = 0x1f83d9ab;
const hashSeedHigh = 0x5be0cd19;

/** Whether bytes are a cell's path; `unknown`: its slot does not tell. */
export type SlotVerdict = 'same' | 'other' | 'unknown';

export class PathSlots {
  readonly #blocks: Uint8Array[] = [];

  /** The cell with this number has come. Numbers come from 0 on without a gap, and again after they have left. */
  fill(number: number, path: string): void {
    if (number >> blockBits === this.#blocks.length)
      this.#blocks.push(new Uint8Array(slotBytes << blockBits));
    const block = this.#blockOf(number);
    const slot = slotOf(number);
    const isHere = path.length < slotBytes && writeAscii(path, block, slot + 1);
    block[slot] = isHere ? path.length : elsewhere;
  }

  /** The cell with this number has left. */
  clear(number: number): void {
    this.#blockOf(number)[slotOf(number)] = elsewhere;
  }

  /** Whether the bytes from `start` to `end` are the path of the cell with this number. */
  compare(number: number, bytes: Uint8Array, start: number, end: number): SlotVerdict {
    const block = this.#blockOf(number);
    const slot = slotOf(number);
    const length = block[slot] ?? elsewhere;
    if (length === elsewhere) return 'unknown';
    if (length !== end - start) return 'other';
    // From the end, where paths differ.
    for (let at = length; at > 0; at -= 1) {
      if (block[slot + at] !== bytes[start + at - 1]) return 'other';
    }
    return 'same';
  }

  /** Both hashes of the path of the cell with this number, for the digest: from the slot, which is near if it was compared. */
  hash(number: number, path: string, lanes: LanePair): void {
    const block = this.#blockOf(number);
    const slot = slotOf(number);
    const length = block[slot] ?? elsewhere;
    if (length === elsewhere) {
      hashPath(path, lanes);
      return;
    }
    seed(lanes);
    hashAsciiTwice(block, slot + 1, slot + 1 + length, lanes);
  }

  /** Reads what `compare` and `hash` will read; means nothing (see fetch.ts). */
  touch(number: number): number {
    return this.#blockOf(number)[slotOf(number)] ?? 0;
  }

  #blockOf(number: number): Uint8Array {
    return this.#blocks[number >> blockBits] ?? noBytes;
  }
}

/** As {@link PathSlots.hash}, without a slot. */
export function hashPath(path: string, lanes: LanePair): void {
  seed(lanes);
  hashTextTwice(path, lanes);
}

function seed(lanes: LanePair): void {
  lanes[0] = hashSeedLow;
  lanes[1] = hashSeedHigh;
}

function slotOf(number: number): number {
  return (number & blockMask) * slotBytes;
}
