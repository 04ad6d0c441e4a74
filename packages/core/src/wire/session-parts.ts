/**
 * How large a part of an answer may become, so that what is long goes in several frames: upper bounds that are
 * cheap to tell, not the exact lengths.
 */
import type { OpResult, Reply } from '../codec/reply.ts';
import type { ValueSource } from '../codec/value.ts';
import { pathBytesMax } from '../limits.ts';
import type { EncodedAnswer, EncodedChange, EncodedZnode } from './session-messages.ts';

/** A stat, and the numbers around it. */
const fixedBytes = 128;
/** Details of an error: two texts and some numbers, of which the texts are sentences of ours and a path. */
const failureBytes = 4_096;
const utf8BytesPerUnit = 3;

export function znodeBytes(znode: EncodedZnode | undefined): number {
  return fixedBytes + (znode === undefined ? 0 : valueBytes(znode.value));
}

export function changeBytes({ path, before, after }: EncodedChange): number {
  return textBytes(path) + znodeBytes(before) + znodeBytes(after);
}

export function replyBytes({ result }: Reply): number {
  return fixedBytes + (result.kind === 'error' ? failureBytes : resultBytes(result));
}

export function answerBytes(answer: EncodedAnswer): number {
  switch (answer.kind) {
    case 'barrier':
    case 'count':
      return fixedBytes;
    case 'znode':
      return fixedBytes + znodeBytes(answer.znode);
    case 'znodes':
      return sumOf(answer.znodes, znodeBytes);
    case 'names':
      return sumOf(answer.names, textBytes);
    case 'listing':
      return sumOf(answer.items, ({ name, znode }) => textBytes(name) + znodeBytes(znode));
    case 'failed':
      return failureBytes;
  }
}

export function textBytes(text: string): number {
  return fixedBytes + utf8BytesPerUnit * text.length;
}

/**
 * The end (exclusive) of the longest part of `items` from `start` that stays within `bytesMax`; at least one item,
 * if there is one.
 */
export function partEnd<T>(
  items: readonly T[],
  start: number,
  bound: { readonly bytesMax: number; readonly bytesOf: (item: T) => number },
): number {
  let byteCount = 0;
  for (let at = start; at < items.length; at += 1) {
    const item = items[at];
    if (item !== undefined) byteCount += bound.bytesOf(item);
    if (byteCount > bound.bytesMax) return Math.max(at, start + 1);
  }
  return items.length;
}

function resultBytes(result: OpResult): number {
  switch (result.kind) {
    case 'compared':
      return fixedBytes + valueBytes(result.previous);
    case 'patched':
      return fixedBytes + valueBytes(result.value);
    case 'created':
      return fixedBytes + pathBytesMax;
    case 'multi':
      return sumOf(result.results, resultBytes);
    case 'none':
    case 'stat':
    case 'number':
    case 'session':
      return fixedBytes;
  }
}

function valueBytes(value: ValueSource): number {
  return fixedBytes + value.end - value.start;
}

function sumOf<T>(items: readonly T[], bytesOf: (item: T) => number): number {
  let sum = fixedBytes;
  for (const item of items) sum += bytesOf(item);
  return sum;
}
