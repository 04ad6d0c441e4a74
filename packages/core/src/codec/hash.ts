/**
 * 32-bit hashes for the additive digest of the state. They find differences between replicas, not attackers:
 * nothing here is cryptographic. Two lanes with two seeds give 64 bits.
 *
 * The block step and the finaliser are those of MurmurHash3 x86_32 (Austin Appleby, public domain: constants
 * 0xcc9e2d51, 0x1b873593, rotations 15 and 13, and fmix32). A text is hashed by its UTF-16 units, two a block.
 * Everything is exact integer arithmetic, so all platforms agree. Results are signed 32-bit integers.
 */

/** Finished hash of `bytes` from `start` to `end`, which must lie inside. */
export function hashBytes(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed | 0;
  let at = start;
  for (const blocksEnd = end - 3; at < blocksEnd; at += 4) {
    const block =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    hash = mixWord(hash, block);
  }
  let tail = 0;
  for (let shift = 0; at < end; at += 1, shift += 8) tail |= (bytes[at] ?? 0) << shift;
  // The length tells a zero tail from none.
  return finish(mixWord(hash, tail) ^ (end - start));
}

/** Seeds of two hashes before, the finished hashes after. */
export type LanePair = Int32Array;

/** As {@link hashBytes} with either seed. In one pass, because each step of a hash waits for the one before. */
export function hashBytesTwice(bytes: DataView, start: number, end: number, lanes: LanePair): void {
  let low = lanes[0] ?? 0;
  let high = lanes[1] ?? 0;
  let at = start;
  for (const blocksEnd = end - 3; at < blocksEnd; at += 4) {
    const block = bytes.getInt32(at, true);
    low = mixWord(low, block);
    high = mixWord(high, block);
  }
  let tail = 0;
  for (let shift = 0; at < end; at += 1, shift += 8) tail |= bytes.getUint8(at) << shift;
  lanes[0] = finish(mixWord(low, tail) ^ (end - start));
  lanes[1] = finish(mixWord(high, tail) ^ (end - start));
}

/** Finished hashes of a text with either seed. They differ from those of its UTF-8. */
export function hashTextTwice(text: string, lanes: LanePair): void {
  let low = lanes[0] ?? 0;
  let high = lanes[1] ?? 0;
  let at = 0;
  for (const blocksEnd = text.length - 1; at < blocksEnd; at += 2) {
    const block = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16);
    low = mixWord(low, block);
    high = mixWord(high, block);
  }
  const tail = at < text.length ? text.charCodeAt(at) : 0;
  lanes[0] = finish(mixWord(low, tail) ^ text.length);
  lanes[1] = finish(mixWord(high, tail) ^ text.length);
}

/** As {@link hashTextTwice} of the text whose bytes these are, all of them ASCII. */
export function hashAsciiTwice(bytes: DataView, start: number, end: number, lanes: LanePair): void {
  let low = lanes[0] ?? 0;
  let high = lanes[1] ?? 0;
  let at = start;
  for (const blocksEnd = end - 1; at < blocksEnd; at += 2) {
    const block = bytes.getUint8(at) | (bytes.getUint8(at + 1) << 16);
    low = mixWord(low, block);
    high = mixWord(high, block);
  }
  const tail = at < end ? bytes.getUint8(at) : 0;
  lanes[0] = finish(mixWord(low, tail) ^ (end - start));
  lanes[1] = finish(mixWord(high, tail) ^ (end - start));
}

/**
 * Takes one number into a hash that is not finished yet; the order of the numbers matters. Any number will do:
 * safe integers and fractions by their value (-0 as 0), infinities and NaN as themselves.
 */
export function mix(hash: number, value: number): number {
  const low = value | 0;
  // The commonest case first: a counter that fits 32 bits.
  if (low === value) return mixWord(mixWord(hash, low), low >> 31);
  if (Number.isSafeInteger(value)) {
    return mixWord(mixWord(hash, low), Math.floor(value / 0x1_0000_0000) | 0);
  }
  return mixFraction(hash, value);
}

/** Spreads every bit over the whole word (fmix32). A sum of finished hashes may be taken modulo 2^32. */
export function finish(hash: number): number {
  let word = hash ^ (hash >>> 16);
  word = Math.imul(word, 0x85ebca6b);
  word ^= word >>> 13;
  word = Math.imul(word, 0xc2b2ae35);
  return (word ^ (word >>> 16)) | 0;
}

function mixWord(hash: number, word: number): number {
  let block = Math.imul(word, 0xcc9e2d51);
  block = (block << 15) | (block >>> 17);
  const mixed = hash ^ Math.imul(block, 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

/** Rare: the value becomes a whole number and an exponent by exact steps, without looking at its bits. */
function mixFraction(hash: number, value: number): number {
  if (!Number.isFinite(value)) return mixWord(hash, value > 0 ? 0x7f80 : value < 0 ? 0xff80 : 0x7fc0);
  let mantissa = value;
  let exponent = 0;
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    exponent -= 1;
  }
  while (!Number.isSafeInteger(mantissa)) {
    mantissa /= 2;
    exponent += 1;
  }
  return mix(mixWord(mixWord(hash, 0x66_6c_6f_61), exponent), mantissa);
}
