/**
 * Texts that whoever decodes already has as strings. To make a string of bytes, then hash it for a lookup, costs more
 * than to see that it is one that is known.
 */
export interface KnownTexts {
  /** The text whose UTF-8 the bytes from `start` to `end` are, if it is known; the range must lie inside. */
  textOf(bytes: DataView, start: number, end: number): string | undefined;
}
