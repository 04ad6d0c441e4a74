import { describe, expect, test } from 'vitest';
import { BatchBuilder } from '../codec/batch.ts';
import { frameReserveBytes } from '../limits.ts';
import { groupBatches } from './batch-groups.ts';
import type { ProposedBatch } from './contract.ts';

/** An empty batch has this many bytes. */
const emptyBytes = batch(0).bytes.length;

function batch(extraCommands: number): ProposedBatch {
  const builder = new BatchBuilder();
  for (let command = 0; command < extraCommands; command += 1) builder.add({ kind: 'noop' });
  const header = { sessionId: 1, holder: 1, firstRequest: 1, acknowledgedThrough: 0 };
  return { bytes: builder.finish(header), announceDurable: false };
}

const frameBytesMax = frameReserveBytes + 10 * emptyBytes;

describe('groupBatches', () => {
  test('of nothing is nothing', () => {
    expect(groupBatches([], { appendBytesMax: 1, frameBytesMax })).toEqual([]);
  });

  test('keeps the order, and fills a group exactly to its bound', () => {
    const batches = [batch(0), batch(0), batch(0), batch(0), batch(0)];
    const groups = groupBatches(batches, { appendBytesMax: 2 * emptyBytes, frameBytesMax });
    expect(groups.map((group) => group.length)).toEqual([2, 2, 1]);
    expect(groups.flat()).toEqual(batches);
    const tighter = groupBatches(batches, { appendBytesMax: 2 * emptyBytes - 1, frameBytesMax });
    expect(tighter.map((group) => group.length)).toEqual([1, 1, 1, 1, 1]);
  });

  test('gives a batch above the bound a group of its own', () => {
    const large = batch(5);
    const groups = groupBatches([batch(0), large, batch(0)], { appendBytesMax: emptyBytes, frameBytesMax });
    expect(groups.map((group) => group.length)).toEqual([1, 1, 1]);
    expect(groups[1]).toEqual([large]);
  });

  test('leaves out a batch that no frame can hold, and only that', () => {
    const large = batch(3);
    const exactly = { appendBytesMax: 1, frameBytesMax: frameReserveBytes + large.bytes.length };
    expect(groupBatches([large, batch(0)], exactly).flat()).toHaveLength(2);
    const below = { ...exactly, frameBytesMax: exactly.frameBytesMax - 1 };
    expect(groupBatches([large, batch(0)], below).flat()).toEqual([batch(0)]);
  });

  test.each([
    ['is empty', new Uint8Array(0)],
    ['is cut short', batch(1).bytes.slice(0, -1)],
    ['has bytes behind it', Uint8Array.from([...batch(1).bytes, 0])],
    ['is two', Uint8Array.from([...batch(1).bytes, ...batch(1).bytes])],
    ['is noise', Uint8Array.from({ length: 100 }, (_, at) => (at * 37) & 0xff)],
  ])('leaves out a batch that %s: those behind it in the entry would be lost', (_name, bytes) => {
    const groups = groupBatches([batch(0), { bytes, announceDurable: true }, batch(0)], {
      appendBytesMax: 1_000,
      frameBytesMax,
    });
    expect(groups).toEqual([[batch(0), batch(0)]]);
  });
});
