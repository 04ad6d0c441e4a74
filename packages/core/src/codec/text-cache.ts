/**
 * Texts that were decoded lately, found again by their bytes. The same few paths are written again and again, and
 * to make a string of bytes, then hash it for a lookup, costs more than to see that it is one that is known. A
 * hit is compared in full, so the cache never decides what a text is; it belongs to its owner and holds at most
 * `slotsCount` short texts.
 */

/** A power of two: each text has one place, and a newer one takes it. */
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
    const known = this.#slots[slotOf(bytes, start, end)];
    if (known === undefined || known.length !== length) return undefined;
    for (let index = 0; index < length; index += 1) {
      if (known.charCodeAt(index) !== bytes[start + index]) return undefined;
    }
    // A text with other characters has another length in bytes than in units, so equal codes mean equal texts.
    return known;
  }

  /** Remembers what these bytes were decoded to. */
  keep(text: string, bytes: Uint8Array, range: { readonly start: number; readonly end: number }): void {
    if (text.length !== range.end - range.start || text.length > cachedBytesMax) return;
    this.#slots[slotOf(bytes, range.start, range.end)] = text;
  }
}

/** The end of a path tells it from its siblings, so all of it is hashed (FNV-1a's step, 32 bits). */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return (hash ^ (hash >>> 15)) & (slotsCount - 1);
}
