/**
 * The hash by which a text is looked up, of its characters or of its bytes: for ASCII texts they are equal. It is no
 * part of the replicated state, so it may change with any release.
 *
 * FNV-1a's step with the even and the odd places apart, because each step waits for the one before; then a
 * finaliser, so that all bits are as good.
 */
import { finish } from './hash.ts';

const evenSeed = 0x811c9dc5 | 0;
const oddSeed = 0x050c5d1f;
const step = 0x01000193;

export function textLookupHash(text: string): number {
  const end = text.length;
  let even = evenSeed;
  let odd = oddSeed;
  let at = 0;
  for (; at + 1 < end; at += 2) {
    even = Math.imul(even ^ text.charCodeAt(at), step);
    odd = Math.imul(odd ^ text.charCodeAt(at + 1), step);
  }
  if (at < end) even = Math.imul(even ^ text.charCodeAt(at), step);
  return finish(even ^ Math.imul(odd, 0x9e3779b1));
}

/** Of the bytes of an ASCII text from `start` to `end`, which must lie inside. */
export function bytesLookupHash(bytes: Uint8Array, start: number, end: number): number {
  let even = evenSeed;
  let odd = oddSeed;
  let at = start;
  for (; at + 1 < end; at += 2) {
    even = Math.imul(even ^ (bytes[at] ?? 0), step);
    odd = Math.imul(odd ^ (bytes[at + 1] ?? 0), step);
  }
  if (at < end) even = Math.imul(even ^ (bytes[at] ?? 0), step);
  return finish(even ^ Math.imul(odd, 0x9e3779b1));
}

/**
 * Whether these bytes are this text, which is ASCII then. Texts with other characters have other bytes, some of
 * which may have the codes of the text: so all bytes must be ASCII. From the end, where paths differ.
 */
export function isTextOf(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let index = text.length - 1; index >= 0; index -= 1) {
    const code = text.charCodeAt(index);
    if (code !== bytes[start + index] || code > 0x7f) return false;
  }
  return true;
}
