import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pack, unpack } from '../src/packet.ts';

const credit = { frames: 3, bytes: 4_000_000_000 };

describe('a packet', () => {
  it('carries frames and credit whole and in order', () => {
    const someFrames = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 });
    fc.assert(
      fc.property(someFrames, (frames) => {
        expect(unpack(pack({ credit, frames }))).toEqual({ credit, frames });
      }),
    );
  });

  it('carries the part of a buffer that a frame is, and leaves the buffer alone', () => {
    const buffer = Uint8Array.of(1, 2, 3, 4, 5);
    const { frames } = unpack(pack({ credit, frames: [buffer.subarray(1, 3)] }));
    expect(frames).toEqual([Uint8Array.of(2, 3)]);
    expect(buffer).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
  });

  it('gives a small frame bytes of its own when the packet is large, and copies no other', () => {
    const large = new Uint8Array(100_000);
    const packet = pack({ credit, frames: [Uint8Array.of(7), large] });
    const [small, other] = unpack(packet).frames;
    expect(small?.buffer.byteLength).toBe(1);
    expect(other?.buffer).toBe(packet);
    const together = pack({ credit, frames: [Uint8Array.of(7), Uint8Array.of(8)] });
    expect(unpack(together).frames.every(({ buffer }) => buffer === together)).toBe(true);
  });
});
