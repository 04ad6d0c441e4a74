/**
 * UTF-8 as formats need it: strict both ways. A platform's TextEncoder replaces a lone surrogate and its
 * TextDecoder drops a leading byte order mark unless told otherwise; either would let two different strings
 * share their bytes, so neither is used without a guard. Short texts are handled here in plain loops because
 * the call into the platform costs more than the whole work.
 */

/** From this length on, calling the platform costs less than a loop (Node 20: about 100 ns against 2.4 ns a unit). */
const platformLengthMin = 48;

/** The part of the Encoding standard that is used here; every platform has it, ECMAScript's own types do not. */
interface EncodingStandard {
  readonly TextDecoder: new (
    label: 'utf-8',
    options: { readonly fatal: boolean; readonly ignoreBOM: boolean },
  ) => { decode(bytes: Uint8Array): string };
  readonly TextEncoder: new () => {
    encodeInto(text: string, target: Uint8Array): { readonly read: number; readonly written: number };
  };
}

const { TextDecoder, TextEncoder } = globalThis as unknown as EncodingStandard;
const encoder = new TextEncoder();

/** Holds no state between calls: `stream` is never used. */
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes that `text` takes in UTF-8; -1 if it has a lone surrogate, which UTF-8 cannot hold. */
export function textByteLength(text: string): number {
  let byteCount = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      byteCount += 1;
    } else if (unit < 0xd800 || unit > 0xdfff) {
      byteCount += 2;
    } else {
      if (unit > 0xdbff || index + 1 === text.length) return -1;
      index += 1;
      if ((text.charCodeAt(index) & 0xfc00) !== 0xdc00) return -1;
      byteCount += 2;
    }
  }
  return byteCount;
}

/**
 * Writes `text` at `position` if all of it is ASCII. Returns false if it is not, with arbitrary bytes written.
 * The caller has made room for `text.length` bytes.
 */
export function writeAscii(text: string, target: Uint8Array, position: number): boolean {
  if (text.length >= platformLengthMin) {
    // Any other character takes more bytes than it has units, so the room would not be enough.
    const result = encoder.encodeInto(text, target.subarray(position, position + text.length));
    return result.read === text.length;
  }
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return false;
    target[position + index] = unit;
  }
  return true;
}

/**
 * Writes `text` at `position` and returns the position after it. The caller has made room for
 * {@link textByteLength} bytes and so knows that there is no lone surrogate.
 */
export function writeText(text: string, target: Uint8Array, position: number): number {
  if (text.length >= platformLengthMin) {
    return position + encoder.encodeInto(text, target.subarray(position)).written;
  }
  let next = position;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) {
      target[next++] = unit;
    } else if (unit < 0x800) {
      target[next++] = 0xc0 | (unit >> 6);
      target[next++] = 0x80 | (unit & 0x3f);
    } else if (unit < 0xd800 || unit > 0xdfff) {
      target[next++] = 0xe0 | (unit >> 12);
      target[next++] = 0x80 | ((unit >> 6) & 0x3f);
      target[next++] = 0x80 | (unit & 0x3f);
    } else {
      index += 1;
      const point = 0x10000 + ((unit & 0x3ff) << 10) + (text.charCodeAt(index) & 0x3ff);
      target[next++] = 0xf0 | (point >> 18);
      target[next++] = 0x80 | ((point >> 12) & 0x3f);
      target[next++] = 0x80 | ((point >> 6) & 0x3f);
      target[next++] = 0x80 | (point & 0x3f);
    }
  }
  return next;
}

/** The text in `bytes` from `start` to `end`; undefined if it is no valid UTF-8. The range must lie inside. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start < platformLengthMin) {
    const ascii = decodeShortAscii(bytes, start, end);
    if (ascii !== undefined) return ascii;
  }
  try {
    return strictDecoder.decode(bytes.subarray(start, end));
  } catch {
    return undefined;
  }
}

/** Eight characters a call: one call a character is slow, and spreading a range of bytes is slower. */
function decodeShortAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = '';
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const a = bytes[at] ?? 0;
    const b = bytes[at + 1] ?? 0;
    const c = bytes[at + 2] ?? 0;
    const d = bytes[at + 3] ?? 0;
    const e = bytes[at + 4] ?? 0;
    const f = bytes[at + 5] ?? 0;
    const g = bytes[at + 6] ?? 0;
    const h = bytes[at + 7] ?? 0;
    if ((a | b | c | d | e | f | g | h) > 0x7f) return undefined;
    text += String.fromCharCode(a, b, c, d, e, f, g, h);
  }
  for (; at < end; at += 1) {
    const unit = bytes[at] ?? 0;
    if (unit > 0x7f) return undefined;
    text += String.fromCharCode(unit);
  }
  return text;
}

/**
 * Whether `bytes` from `start` to `end` are valid UTF-8: shortest forms, no surrogates, nothing above
 * U+10FFFF (RFC 3629, section 4). The range must lie inside.
 */
export function isText(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) {
      // Eight at a time while it is ASCII: this pass is made for every written string on every replica.
      while (at + 8 <= end && isAsciiBlock(bytes, at)) at += 8;
      if (at === end) return true;
      if ((bytes[at] ?? 0) > 0x7f) continue;
      at += 1;
      continue;
    }
    const length = sequenceLength(bytes, at, end);
    if (length === 0) return false;
    at += length;
  }
  return true;
}

function isAsciiBlock(bytes: Uint8Array, at: number): boolean {
  const low = (bytes[at] ?? 0) | (bytes[at + 1] ?? 0) | (bytes[at + 2] ?? 0) | (bytes[at + 3] ?? 0);
  const high = (bytes[at + 4] ?? 0) | (bytes[at + 5] ?? 0) | (bytes[at + 6] ?? 0) | (bytes[at + 7] ?? 0);
  return (low | high) < 0x80;
}

/** Length of the multi-byte sequence that starts at `at`; 0 if it is not a valid one. */
function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + length > end) return 0;
  const second = bytes[at + 1] ?? 0;
  // The second byte's range is what excludes longer forms, surrogates, and points above U+10FFFF.
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let index = at + 2; index < at + length; index += 1) {
    if (((bytes[index] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}
