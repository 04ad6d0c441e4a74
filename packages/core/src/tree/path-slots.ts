/**
 * The paths of cells as bytes, side by side, by the numbers of the cells. A command names its path in bytes, and to
 * compare bytes with bytes takes a third of the time that it takes with the characters of a string (Node 20). A path
 * that does not fit a slot is compared with the string after all.
 */
import { hashAsciiTwice, hashTextTwice, type LanePair } from '../codec/hash.ts';
import { invariant } from '../invariant.ts';

/** A byte for the length, then the path. Most paths are shorter; a znode takes ten times as much elsewhere. */
const slotBytes = 48;
/** In the place of a length: the path is longer, or shorter than a word, or not ASCII, or there is no cell now. */
const elsewhere = 0xff;
/** Slots of one block: growing copies nothing but the list of blocks, which are few enough to be near. */
const blockBits = 12;
const blockMask = (1 << blockBits) - 1;
const wordBytes = 4;
const hashSeedLow = 0x1f83d9ab;
const hashSeedHigh = 0x5be0cd19;

/** Whether bytes are a cell's path; `unknown`: its slot does not tell. */
export type SlotVerdict = 'same' | 'other' | 'unknown';

export class PathSlots {
  /** Views, because to compare words of four bytes takes half the time. */
  readonly #blocks: DataView[] = [];

  /** The cell with this number has come. Numbers come from 0 on without a gap, and again after they have left. */
  fill(number: number, path: string): void {
    if (number >> blockBits === this.#blocks.length)
      this.#blocks.push(new DataView(new ArrayBuffer(slotBytes << blockBits)));
    const block = this.#blockOf(number);
    const slot = slotOf(number);
    const isFitting = path.length >= wordBytes && path.length < slotBytes;
    const isHere = isFitting && writeUnits(path, block, slot + 1);
    block.setUint8(slot, isHere ? path.length : elsewhere);
  }

  /** The cell with this number has left. */
  clear(number: number): void {
    this.#blockOf(number).setUint8(slotOf(number), elsewhere);
  }

  /** Whether the bytes from `start` to `end` are the path of the cell with this number. */
  compare(number: number, bytes: DataView, start: number, end: number): SlotVerdict {
    const block = this.#blockOf(number);
    const first = slotOf(number) + 1;
    const length = block.getUint8(first - 1);
    if (length === elsewhere) return 'unknown';
    if (length !== end - start) return 'other';
    // The last word, where paths differ, overlaps the one before.
    const last = length - wordBytes;
    if (block.getInt32(first + last) !== bytes.getInt32(start + last)) return 'other';
    for (let at = 0; at < last; at += wordBytes) {
      if (block.getInt32(first + at) !== bytes.getInt32(start + at)) return 'other';
    }
    return 'same';
  }

  /** Both hashes of the path of the cell with this number, for the digest: from the slot, which is near if it was compared. */
  hash(number: number, path: string, lanes: LanePair): void {
    const block = this.#blockOf(number);
    const first = slotOf(number) + 1;
    const length = block.getUint8(first - 1);
    if (length === elsewhere) {
      hashPath(path, lanes);
      return;
    }
    seed(lanes);
    hashAsciiTwice(block, first, first + length, lanes);
  }

  /** Reads what `compare` and `hash` will read; means nothing (see fetch.ts). */
  touch(number: number): number {
    const block = this.#blockOf(number);
    const slot = slotOf(number);
    // A slot may lie in two lines of a cache.
    return block.getUint8(slot) ^ block.getUint8(slot + slotBytes - 1);
  }

  #blockOf(number: number): DataView {
    const block = this.#blocks[number >> blockBits];
    invariant(block !== undefined, 'a cell that is here has a slot');
    return block;
  }
}

/** As {@link PathSlots.hash}, without a slot. */
export function hashPath(path: string, lanes: LanePair): void {
  seed(lanes);
  hashTextTwice(path, lanes);
}

/** False for a path that is not ASCII; then what is written is no path. */
function writeUnits(path: string, block: DataView, start: number): boolean {
  let all = 0;
  for (let at = 0; at < path.length; at += 1) {
    const unit = path.charCodeAt(at);
    block.setUint8(start + at, unit);
    all |= unit;
  }
  return all < 0x80;
}

function seed(lanes: LanePair): void {
  lanes[0] = hashSeedLow;
  lanes[1] = hashSeedHigh;
}

function slotOf(number: number): number {
  return (number & blockMask) * slotBytes;
}
