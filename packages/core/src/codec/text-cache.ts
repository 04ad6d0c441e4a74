/**
 * Texts that were decoded lately, found again by their bytes. The same few paths are written again and again, and
 * to make a string of bytes, then hash it for a lookup, costs more than to see that it is one that is known. A
 * hit is compared in full, so the cache never decides what a text is; it belongs to its owner and holds at most
 * `slotsCount` short texts.
 */

/**
 * A power of two. Slots go in pairs: a text has the two of one pair to be in, and the newest two that fall there stay.
 * Of a thousand paths that are written in turn one or two in a hundred are lost that way; with 4,096 slots, one
 * for each text, it is a sixth.
 */
const slotsCount = 16_384;
/** Of a hash: the first slot of its pair. */
const pairMask = slotsCount - 2;
/** Longer texts are decoded by the platform, and rarely come twice. */
const cachedBytesMax = 64;

export class TextCache {
  /** Full length from the beginning: an array with holes would be a dictionary. */
  readonly #slots: (string | undefined)[] = Array.from({ length: slotsCount }, () => undefined);

  /** Of each slot's text: what another path left there is passed over without touching it. */
  readonly #hashes = new Int32Array(slotsCount);

  /** The ASCII text in `bytes` from `start` to `end`, if it is known; the range must lie inside. */
  find(bytes: Uint8Array, start: number, end: number): string | undefined {
    const length = end - start;
    if (length > cachedBytesMax) return undefined;
    const hash = hashOf(bytes, start, end);
    for (let slot = hash & pairMask, last = slot + 1; slot <= last; slot += 1) {
      const text = this.#hashes[slot] === hash ? this.#slots[slot] : undefined;
      if (text !== undefined && isTextOf(text, bytes, start, end)) return text;
    }
    return undefined;
  }

  /** Remembers what these bytes were decoded to. */
  keep(text: string, bytes: Uint8Array, range: { readonly start: number; readonly end: number }): void {
    if (text.length !== range.end - range.start || text.length > cachedBytesMax) return;
    const hash = hashOf(bytes, range.start, range.end);
    const slot = hash & pairMask;
    this.#slots[slot + 1] = this.#slots[slot];
    this.#hashes[slot + 1] = this.#hashes[slot] ?? 0;
    this.#slots[slot] = text;
    this.#hashes[slot] = hash;
  }
}

/**
 * Whether the bytes are this ASCII text. From its end, where paths differ. A text with other characters has another
 * length in bytes than in units, so equal codes mean equal texts.
 */
function isTextOf(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let index = text.length - 1; index >= 0; index -= 1) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}

/**
 * All bytes are hashed, as some paths differ in the middle: FNV-1a's step, with the even
 * and the odd bytes apart, because each step waits for the one before.
 */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let even = 0x811c9dc5 | 0;
  let odd = 0x050c5d1f;
  let at = start;
  for (; at + 1 < end; at += 2) {
    even = Math.imul(even ^ (bytes[at] ?? 0), 0x01000193);
    odd = Math.imul(odd ^ (bytes[at + 1] ?? 0), 0x01000193);
  }
  if (at < end) even = Math.imul(even ^ (bytes[at] ?? 0), 0x01000193);
  const hash = even ^ Math.imul(odd, 0x9e3779b1);
  return hash ^ (hash >>> 15);
}
