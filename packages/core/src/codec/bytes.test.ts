import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoordinationError } from '../errors.ts';
import { ByteReader, ByteWriter } from './bytes.ts';

function reasonOf(read: () => unknown): string | undefined {
  try {
    read();
  } catch (error) {
    if (error instanceof CoordinationError && error.code === 'PROTOCOL') return error.details.reason;
    throw error;
  }
  return undefined;
}

describe('ByteWriter and ByteReader', () => {
  it('read back every number that was written', () => {
    const writer = new ByteWriter();
    const edges = [0, 1, 127, 128, 16_383, 16_384, 2 ** 28, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1];
    for (const edge of edges) {
      writer.varint(edge);
      writer.u64(edge);
      writer.f64(-edge / 3);
      writer.i64(-BigInt(edge));
    }
    writer.u8(255);
    writer.u32(2 ** 32 - 1);
    const reader = new ByteReader(writer.finish());
    for (const edge of edges) {
      expect([reader.varint(), reader.u64(), reader.f64(), reader.i64()]).toEqual([
        edge,
        edge,
        -edge / 3,
        -BigInt(edge),
      ]);
    }
    expect([reader.u8(), reader.u32(), reader.remaining]).toEqual([255, 2 ** 32 - 1, 0]);
  });

  it('read back every text, with one length for each number of bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const writer = new ByteWriter();
        writer.text(text);
        writer.u8(7);
        const bytes = writer.finish();
        const reader = new ByteReader(bytes);
        expect(reader.text()).toBe(text);
        expect(bytes.length).toBe(1 + Buffer.byteLength(text) + (Buffer.byteLength(text) > 127 ? 2 : 1));
        expect(reader.u8()).toBe(7);
      }),
      { numRuns: 1_000 },
    );
  });

  it('grow as far as is needed and begin anew after reset', () => {
    const writer = new ByteWriter();
    const large = new Uint8Array(3_000_000).fill(5);
    writer.u8(1);
    writer.bytes(large);
    writer.f64(0.5);
    const bytes = writer.finish();
    expect([bytes.length, bytes[0], bytes[1], bytes[3_000_000]]).toEqual([3_000_009, 1, 5, 5]);
    writer.reset();
    writer.f64(0.25);
    expect(new ByteReader(writer.finish()).f64()).toBe(0.25);
    expect(new ByteReader(bytes, 3_000_001).f64()).toBe(0.5);
  });

  it('patch what was reserved and leave earlier results alone', () => {
    const writer = new ByteWriter();
    const at = writer.reserve(4);
    writer.u8(9);
    writer.patchU32(at, 1);
    const first = writer.finish();
    writer.patchU32(at, 2);
    expect([...first]).toEqual([0, 0, 0, 1, 9]);
    expect([...writer.finish()]).toEqual([0, 0, 0, 2, 9]);
    writer.truncate(2);
    expect(writer.finish().length).toBe(2);
  });

  for (const text of ['a\ud800', `${'a'.repeat(100)}\udc00`, '\ud800\ud800']) {
    it(`refuse a lone surrogate among ${text.length} units and write nothing of it`, () => {
      const writer = new ByteWriter();
      writer.u8(1);
      expect(() => writer.text(text)).toThrow(CoordinationError);
      expect(writer.position).toBe(1);
    });
  }

  const broken: readonly (readonly [string, readonly number[], (reader: ByteReader) => unknown])[] = [
    ['u8 of nothing', [], (reader) => reader.u8()],
    ['u32 of three bytes', [1, 2, 3], (reader) => reader.u32()],
    ['u64 of seven bytes', [0, 0, 0, 0, 0, 0, 0], (reader) => reader.u64()],
    ['u64 of 2^53', [0, 0x20, 0, 0, 0, 0, 0, 0], (reader) => reader.u64()],
    ['an unfinished varint', [0x80], (reader) => reader.varint()],
    ['a varint longer than needed', [0x80, 0], (reader) => reader.varint()],
    ['a varint of 2^53', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10], (reader) => reader.varint()],
    ['a varint of nine bytes', [255, 255, 255, 255, 255, 255, 255, 255, 1], (reader) => reader.varint()],
    ['a text longer than the rest', [2, 0x61], (reader) => reader.text()],
    ['a text that is no UTF-8', [1, 0xff], (reader) => reader.text()],
    ['a surrogate', [3, 0xed, 0xa0, 0x80], (reader) => reader.text()],
    ['a text beyond its bound', [2, 0x61, 0x61], (reader) => reader.text(1)],
    ['more bytes than remain', [1], (reader) => reader.bytes(2)],
    ['a length near 2^53', [1], (reader) => reader.view(Number.MAX_SAFE_INTEGER)],
  ];
  for (const [name, bytes, read] of broken) {
    it(`refuse ${name}`, () => {
      const inside = Uint8Array.from([...bytes, 1, 1, 1, 1, 1, 1, 1, 1]);
      expect(reasonOf(() => read(new ByteReader(inside, 0, bytes.length)))).toBeTypeOf('string');
    });
  }

  it('name a range without copying it and copy it as a plain array', () => {
    const source = Buffer.from([1, 2, 3, 4]);
    const reader = new ByteReader(source, 1);
    expect(reader.view(2)).toEqual({ source, start: 1, end: 3 });
    reader.seek(1);
    const copy = reader.bytes(2);
    source.fill(0);
    expect(copy).toEqual(Uint8Array.of(2, 3));
    expect(Object.getPrototypeOf(copy)).toBe(Uint8Array.prototype);
  });
});
