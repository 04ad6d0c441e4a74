/**
 * The hash by which a text is looked up, of its characters or of its bytes: for ASCII texts they are equal. It is no
 * part of the replicated state, so it may change with any release.
 *
 * Four characters a step, a rotation and a multiplication; then a finaliser, so that all bits are as good. Of them 31
 * are used, because every engine keeps such a number without an object (a browser's V8 none of 32).
 */
import { finish } from './hash.ts';

const seed = 0x811c9dc5 | 0;
const multiplier = 0x9e3779b1 | 0;
const wordLength = 4;

export function textLookupHash(text: string): number {
  const end = text.length;
  let hash = seed;
  let at = 0;
  for (; at + wordLength <= end; at += wordLength) {
    const low = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 8);
    hash = step(hash, low | (text.charCodeAt(at + 2) << 16) | (text.charCodeAt(at + 3) << 24));
  }
  for (; at < end; at += 1) hash = step(hash, text.charCodeAt(at));
  return finish(hash) >> 1;
}

/** Of the bytes of an ASCII text from `start` to `end`, which must lie inside. */
export function bytesLookupHash(bytes: DataView, start: number, end: number): number {
  let hash = seed;
  let at = start;
  for (; at + wordLength <= end; at += wordLength) hash = step(hash, bytes.getInt32(at, true));
  for (; at < end; at += 1) hash = step(hash, bytes.getUint8(at));
  return finish(hash) >> 1;
}

function step(hash: number, word: number): number {
  return Math.imul(((hash << 13) | (hash >>> 19)) ^ word, multiplier);
}

/**
 * Whether these bytes are this text, which is ASCII then. Texts with other characters have other bytes, some of
 * which may have the codes of the text: so all bytes must be ASCII. From the end, where paths differ.
 */
export function isTextOf(text: string, bytes: DataView, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let index = text.length - 1; index >= 0; index -= 1) {
    const code = text.charCodeAt(index);
    if (code !== bytes.getUint8(start + index) || code > 0x7f) return false;
  }
  return true;
}
