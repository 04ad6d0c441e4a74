import { crc32 } from 'node:zlib';
import { fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { portableChecksum } from './crc32.ts';

describe('portable checksum', () => {
  it('gives the check value of CRC-32 for "123456789"', () => {
    expect(portableChecksum()(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });

  it('gives 0 for no bytes, and the seed if there is one', () => {
    const checksum = portableChecksum();
    expect(checksum(new Uint8Array(0))).toBe(0);
    expect(checksum(new Uint8Array(0), 0xdeadbeef)).toBe(0xdeadbeef);
  });

  it('equals zlib at every length around a slice', () => {
    const checksum = portableChecksum();
    const bytes = Uint8Array.from({ length: 40 }, (_, index) => 255 - index * 7);
    for (let length = 0; length <= bytes.length; length += 1) {
      const part = bytes.subarray(0, length);
      expect(checksum(part)).toBe(crc32(part));
    }
  });

  it('equals zlib for any bytes and any seed', () => {
    const checksum = portableChecksum();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 0xffff_ffff }), (bytes, seed) => {
        expect(checksum(bytes, seed)).toBe(crc32(bytes, seed));
      }),
    );
  });

  it('continues where an earlier part ended', () => {
    const checksum = portableChecksum();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat({ max: 100 }), (bytes, cut) => {
        expect(checksum(bytes.subarray(cut), checksum(bytes.subarray(0, cut)))).toBe(checksum(bytes));
      }),
    );
  });
});
