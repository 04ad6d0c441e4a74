import { fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { FrameQueue } from './frame-queue.ts';
import { FrameReader } from './frame-reader.ts';

const lengths = fc.array(fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 60_000 })), { maxLength: 30 });

describe('FrameQueue', () => {
  it('gives back in order what was put in, in writes of about the size that is asked for', () => {
    const check = (sizes: readonly number[], bytesMax: number): void => {
      const queue = new FrameQueue({ framesMax: 100, bytesMax: 10_000_000 });
      const sent = sizes.map((size, at) => new Uint8Array(size).fill(at));
      for (const frame of sent) expect(queue.push(frame)).toBe(true);
      const reader = new FrameReader(100_000);
      const got: Uint8Array[] = [];
      while (!queue.isEmpty) {
        const bytes = Buffer.concat(queue.take(bytesMax));
        expect(bytes.length).toBeGreaterThan(0);
        // At most one small frame and the lengths of the others more.
        expect(bytes.length).toBeLessThan(bytesMax + 16_384 + 5 * sizes.length);
        reader.read(bytes, (frame) => got.push(frame) > 0);
      }
      expect(got.length).toBe(sent.length);
      expect(got.every((frame, at) => Buffer.compare(frame, sent[at] ?? frame) === 0)).toBe(true);
    };
    fc.assert(fc.property(lengths, fc.integer({ min: 2_000, max: 100_000 }), check));
  });

  it('gathers small frames of one take into one buffer and passes large ones on uncopied', () => {
    const queue = new FrameQueue({ framesMax: 100, bytesMax: 10_000_000 });
    const large = new Uint8Array(50_000);
    for (const frame of [Uint8Array.of(1), Uint8Array.of(2), large, Uint8Array.of(3)]) queue.push(frame);
    const buffers = queue.take(1_000_000);
    expect(buffers.map(({ length }) => length)).toEqual([10, 4, 50_000, 5]);
    expect(buffers[2]?.buffer).toBe(large.buffer);
  });

  it('is bounded by count and by bytes, but takes anything when it is empty', () => {
    const queue = new FrameQueue({ framesMax: 2, bytesMax: 5 });
    expect(queue.push(new Uint8Array(100))).toBe(true);
    expect(queue.push(new Uint8Array(1))).toBe(false);
    while (!queue.isEmpty) queue.take(10);
    expect([3, 2, 0].map((length) => queue.push(new Uint8Array(length)))).toEqual([true, true, false]);
    queue.take(1_000);
    expect([3, 3, 2].map((length) => queue.push(new Uint8Array(length)))).toEqual([true, false, true]);
  });
});
