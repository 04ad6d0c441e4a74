/**
 * Whether bytes are exactly one canonical value, without decoding it. Apply asks this for every value that is
 * written, on every replica, so the verdict is defined here and in no library: MessagePack (the public
 * specification of 2013) with these choices taken away:
 *
 * - every header in its smallest form; no extension types, no uint64, no float32, no binary or string of the
 *   old raw kind;
 * - a number that is an integer of 32 bits (signed or unsigned) as the smallest integer form, every other one as
 *   float64 (so -0 cannot occur); NaN as 7ff8000000000000; int64 is a bigint, always eight bytes;
 * - strings are strict UTF-8 without surrogates;
 * - a map's keys are strings, strictly ascending by their UTF-8 bytes, and none is `__proto__`;
 * - arrays and maps are nested at most valueDepthMax deep, and what they claim to hold fits what remains.
 *
 * Byte arrays and numbers cost the same whatever their size; strings one pass.
 */
import { valueDepthMax } from '../limits.ts';
import { readU32 } from './bytes.ts';
import { isText } from './text.ts';

/** What is wrong with the bytes from `start` to `end` as one canonical value; undefined if nothing is. */
export function checkValue(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (isShortScalar(bytes, start, end)) return undefined;
  const scan = new ValueScan(bytes, end);
  const next = scan.pass(start, 0);
  if (next < 0) return scan.reason;
  return next === end ? undefined : 'bytes follow the value';
}

/** Most values are short byte arrays or strings; whatever this does not know, the scan judges. */
function isShortScalar(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start - 2;
  if (length < 0 || length > 0xff || bytes[start + 1] !== length) return false;
  const token = bytes[start];
  return token === 0xc4 || (token === 0xd9 && length >= 0x20 && isText(bytes, start + 2, end));
}

/** "__proto__" in UTF-8. */
const protoKey: readonly number[] = [0x5f, 0x5f, 0x70, 0x72, 0x6f, 0x74, 0x6f, 0x5f, 0x5f];

class ValueScan {
  /** Why the last `pass` answered -1. */
  reason = '';
  readonly #bytes: Uint8Array;
  readonly #end: number;

  constructor(bytes: Uint8Array, end: number) {
    this.#bytes = bytes;
    this.#end = end;
  }

  /** Position after the value that begins at `at`, inside `depth` arrays and maps; -1 if it is not canonical. */
  pass(at: number, depth: number): number {
    if (at >= this.#end) return this.#fail('the bytes end too early');
    const token = this.#bytes[at] ?? 0;
    if (token < 0x80 || token >= 0xe0) return at + 1;
    if (token < 0x90) return this.#passMap(at + 1, token & 0x0f, depth);
    if (token < 0xa0) return this.#passArray(at + 1, token & 0x0f, depth);
    if (token < 0xc0) return this.#passText(at + 1, token & 0x1f);
    switch (token) {
      case 0xc0:
      case 0xc2:
      case 0xc3:
        return at + 1;
      case 0xc4:
      case 0xc5:
      case 0xc6: {
        const size = 1 << (token - 0xc4);
        const length = this.#length(at + 1, size, size === 1 ? 0 : size === 2 ? 0x100 : 0x1_0000);
        return length < 0 ? length : this.#skip(at + 1 + size, length);
      }
      case 0xcb:
        return this.#passFloat(at + 1);
      case 0xcc:
      case 0xcd:
      case 0xce: {
        const size = 1 << (token - 0xcc);
        const value = this.#length(at + 1, size, size === 1 ? 0x80 : size === 2 ? 0x100 : 0x1_0000);
        return value < 0 ? value : at + 1 + size;
      }
      case 0xd0:
      case 0xd1:
      case 0xd2:
        return this.#passNegative(at + 1, 1 << (token - 0xd0));
      case 0xd3:
        return this.#skip(at + 1, 8);
      case 0xd9:
      case 0xda:
      case 0xdb: {
        const size = 1 << (token - 0xd9);
        const length = this.#length(at + 1, size, size === 1 ? 0x20 : size === 2 ? 0x100 : 0x1_0000);
        return length < 0 ? length : this.#passText(at + 1 + size, length);
      }
      case 0xdc:
      case 0xdd:
      case 0xde:
      case 0xdf:
        return this.#passLargeContainer(at + 1, token, depth);
      default:
        return this.#fail(`type 0x${token.toString(16)} has no place in a value`);
    }
  }

  #passLargeContainer(at: number, token: number, depth: number): number {
    const size = (token & 1) === 0 ? 2 : 4;
    const count = this.#length(at, size, size === 2 ? 0x10 : 0x1_0000);
    if (count < 0) return count;
    return token < 0xde ? this.#passArray(at + size, count, depth) : this.#passMap(at + size, count, depth);
  }

  #passArray(at: number, count: number, depth: number): number {
    if (depth === valueDepthMax) return this.#fail('it is nested too deeply');
    if (count > this.#end - at) return this.#fail('the bytes end too early');
    let next = at;
    for (let index = 0; index < count && next >= 0; index += 1) next = this.pass(next, depth + 1);
    return next;
  }

  #passMap(at: number, count: number, depth: number): number {
    if (depth === valueDepthMax) return this.#fail('it is nested too deeply');
    if (count > (this.#end - at) / 2) return this.#fail('the bytes end too early');
    let next = at;
    let keyBefore = 0;
    let keyBeforeEnd = -1;
    for (let index = 0; index < count; index += 1) {
      const token = this.#bytes[next] ?? 0;
      if ((token < 0xa0 || token > 0xbf) && (token < 0xd9 || token > 0xdb)) {
        return this.#fail('a key is not a string');
      }
      const key = next + (token < 0xc0 ? 1 : 1 + (1 << (token - 0xd9)));
      next = this.pass(next, depth + 1);
      if (next < 0) return next;
      if (this.#isProto(key, next)) return this.#fail('a key is __proto__');
      if (index > 0 && !this.#isAscending(keyBefore, keyBeforeEnd, key, next)) {
        return this.#fail('keys are not unique and in order');
      }
      keyBefore = key;
      keyBeforeEnd = next;
      next = this.pass(next, depth + 1);
      if (next < 0) return next;
    }
    return next;
  }

  #passText(at: number, length: number): number {
    const end = this.#skip(at, length);
    if (end < 0) return end;
    return isText(this.#bytes, at, end) ? end : this.#fail('a string is not valid UTF-8');
  }

  #passFloat(at: number): number {
    if (this.#skip(at, 8) < 0) return -1;
    const value = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, 8).getFloat64(0);
    if (value !== value) {
      const high = readU32(this.#bytes, at);
      return high === 0x7ff8_0000 && readU32(this.#bytes, at + 4) === 0
        ? at + 8
        : this.#fail('NaN has one form only');
    }
    if ((value | 0) === value || value >>> 0 === value) return this.#fail('a small integer is not float64');
    return at + 8;
  }

  /** A negative integer of `size` bytes that needs all of them. */
  #passNegative(at: number, size: number): number {
    if (this.#skip(at, size) < 0) return -1;
    const bytes = this.#bytes;
    const high = bytes[at] ?? 0;
    const isSmallest =
      size === 1
        ? high >= 0x80 && high < 0xe0
        : size === 2
          ? high >= 0x80 && (high !== 0xff || (bytes[at + 1] ?? 0) < 0x80)
          : high >= 0x80 && (high !== 0xff || bytes[at + 1] !== 0xff || (bytes[at + 2] ?? 0) < 0x80);
    return isSmallest ? at + size : this.#fail('an integer is not in its smallest form');
  }

  /** The unsigned integer of `size` bytes at `at`, if it is at least `least`; else -1. */
  #length(at: number, size: number, least: number): number {
    if (this.#skip(at, size) < 0) return -1;
    const bytes = this.#bytes;
    const length =
      size === 1
        ? (bytes[at] ?? 0)
        : size === 2
          ? ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
          : readU32(bytes, at);
    return length >= least ? length : this.#fail('a length or integer is not in its smallest form');
  }

  #skip(at: number, length: number): number {
    return length > this.#end - at ? this.#fail('the bytes end too early') : at + length;
  }

  #isAscending(before: number, beforeEnd: number, key: number, keyEnd: number): boolean {
    const bytes = this.#bytes;
    let left = before;
    let right = key;
    for (; left < beforeEnd && right < keyEnd; left += 1, right += 1) {
      const difference = (bytes[left] ?? 0) - (bytes[right] ?? 0);
      if (difference !== 0) return difference < 0;
    }
    return left === beforeEnd && right < keyEnd;
  }

  #isProto(key: number, keyEnd: number): boolean {
    if (keyEnd - key !== protoKey.length) return false;
    return protoKey.every((byte, index) => this.#bytes[key + index] === byte);
  }

  #fail(reason: string): -1 {
    this.reason = reason;
    return -1;
  }
}
