import { describe, expect, it } from 'vitest';
import { bytesLookupHash, isTextOf, textLookupHash } from './text-hash.ts';

const encode = (text: string): DataView => new DataView(new TextEncoder().encode(text).buffer);

describe('the lookup hash', () => {
  it('is the same of an ASCII text and of its bytes, at any length', () => {
    for (let length = 0; length < 40; length += 1) {
      const text = Array.from({ length }, (_, index) => String.fromCharCode(33 + ((index * 7) % 90))).join(
        '',
      );
      const bytes = encode(`<${text}>`);
      expect(bytesLookupHash(bytes, 1, bytes.byteLength - 1)).toBe(textLookupHash(text));
    }
  });

  it('tells numbered paths apart', () => {
    const hashes = new Set(Array.from({ length: 20_000 }, (_, index) => textLookupHash(`/a/item-${index}`)));
    expect(hashes.size).toBeGreaterThan(19_990);
  });
});

describe('comparing a text with bytes', () => {
  it('says yes to the bytes of an ASCII text only', () => {
    const bytes = encode('xx/a/byy');
    expect(isTextOf('/a/b', bytes, 2, 6)).toBe(true);
    expect(isTextOf('/a/c', bytes, 2, 6)).toBe(false);
    expect(isTextOf('/a/', bytes, 2, 6)).toBe(false);
    expect(isTextOf('/a/bc', bytes, 2, 6)).toBe(false);
  });

  it('says no to bytes whose codes alone are those of the text', () => {
    expect(isTextOf('Ã©', encode('é'), 0, 2)).toBe(false);
    expect(isTextOf('é', encode('é'), 0, 2)).toBe(false);
  });
});
