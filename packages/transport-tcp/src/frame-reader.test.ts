import { fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { FrameReader } from './frame-reader.ts';

function encode(frames: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    frames.flatMap((frame) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(frame.length);
      return [length, frame];
    }),
  );
}

/** What a reader makes of the bytes when they come in these pieces. */
function read(bytes: Buffer, cuts: readonly number[], frameBytesMax = 1_000): readonly Uint8Array[] {
  const reader = new FrameReader(frameBytesMax);
  const frames: Uint8Array[] = [];
  let start = 0;
  for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    reader.read(bytes.subarray(start, cut), (frame) => frames.push(frame) > 0);
    start = Math.max(start, cut);
  }
  return frames;
}

const frames = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 });

describe('FrameReader', () => {
  it('finds the same frames however their bytes are cut', () => {
    const cutsOf = fc.array(fc.nat({ max: 3_000 }), { maxLength: 40 });
    const check = (sent: readonly Uint8Array[], cuts: readonly number[]): void => {
      const bytes = encode(sent);
      const inside = cuts.filter((cut) => cut < bytes.length);
      expect(read(bytes, inside).map((frame) => [...frame])).toEqual(sent.map((frame) => [...frame]));
    };
    fc.assert(fc.property(frames, cutsOf, check));
  });

  it('reads one frame of the longest length, byte by byte too, into a buffer of just that length', () => {
    const longest = new Uint8Array(200_000).map((_, at) => at % 251);
    const bytes = encode([longest]);
    for (const cuts of [[], [4], [100_000], Array.from(bytes, (_, at) => at)]) {
      const [frame] = read(bytes, cuts, longest.length);
      expect(frame?.buffer.byteLength).toBe(longest.length);
      expect(Buffer.compare(frame ?? new Uint8Array(0), longest)).toBe(0);
    }
  });

  it('judges a length before anything of the frame is there', () => {
    const reader = new FrameReader(10);
    const deliver = (): boolean => true;
    expect(reader.read(Buffer.from([0, 0, 0]), deliver)).toBe(true);
    expect(reader.read(Buffer.from([11]), deliver)).toBe(false);
    expect(new FrameReader(10).read(Buffer.from([0xff, 0xff, 0xff, 0xff]), deliver)).toBe(false);
    expect(new FrameReader(10).read(encode([new Uint8Array(10)]), deliver)).toBe(true);
  });

  it('knows whether a frame has begun', () => {
    const reader = new FrameReader(10);
    const deliver = (): boolean => true;
    expect(reader.isPartial).toBe(false);
    reader.read(Buffer.from([0]), deliver);
    expect(reader.isPartial).toBe(true);
    reader.read(Buffer.from([0, 0, 1]), deliver);
    expect(reader.isPartial).toBe(true);
    reader.read(Buffer.from([7]), deliver);
    expect(reader.isPartial).toBe(false);
  });

  it('stops as soon as nobody wants more', () => {
    const reader = new FrameReader(10);
    let count = 0;
    reader.read(encode([Uint8Array.of(1), Uint8Array.of(2)]), () => (count += 1) < 1);
    expect(count).toBe(1);
  });
});
