/**
 * Texts that were decoded lately, found again by their bytes. The same few paths are written again and again, and
 * to make a string of bytes, then hash it for a lookup, costs more than to see that it is one that is known. A
 * hit is compared in full, so the cache never decides what a text is; it belongs to its owner and holds at most
 * `slotsCount` short texts.
 */

/**
 * A power of two. Slots go in pairs: a text has the two of one pair to be in, and the newest two that fall there stay.
 * With one slot each, a sixth of a thousand paths would throw one another out for ever; so does a fortieth.
 */
const slotsCount = 4_096;
/** Longer texts are decoded by the platform, and rarely come twice. */
const cachedBytesMax = 64;

export class TextCache {
  /** Full length from the beginning: an array with holes would be a dictionary. */
  readonly #slots: (string | undefined)[] = Array.from({ length: slotsCount }, () => undefined);

  /** The ASCII text in `bytes` from `start` to `end`, if it is known; the range must lie inside. */
  find(bytes: Uint8Array, start: number, end: number): string | undefined {
    const length = end - start;
    if (length > cachedBytesMax) return undefined;
    const slot = slotOf(bytes, start, end);
    const first = this.#slots[slot];
    if (first !== undefined && isTextOf(first, bytes, start, end)) return first;
    const second = this.#slots[slot + 1];
    return second !== undefined && isTextOf(second, bytes, start, end) ? second : undefined;
  }

  /** Remembers what these bytes were decoded to. */
  keep(text: string, bytes: Uint8Array, range: { readonly start: number; readonly end: number }): void {
    if (text.length !== range.end - range.start || text.length > cachedBytesMax) return;
    const slot = slotOf(bytes, range.start, range.end);
    this.#slots[slot + 1] = this.#slots[slot];
    this.#slots[slot] = text;
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

/** The first slot of the pair. All bytes are hashed (FNV-1a's step, 32 bits), as some paths differ in the middle. */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return (hash ^ (hash >>> 15)) & (slotsCount - 2);
}
