import { describe, expect, it } from 'vitest';
import { TextCache } from './text-cache.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function keep(cache: TextCache, text: string): void {
  const bytes = encode(text);
  cache.keep(text, bytes, { start: 0, end: bytes.length });
}

function find(cache: TextCache, bytes: Uint8Array): string | undefined {
  return cache.find(bytes, 0, bytes.length);
}

describe('the text cache', () => {
  it('finds what it keeps, also in the middle of other bytes', () => {
    const cache = new TextCache();
    keep(cache, '/a/b');
    expect(cache.find(encode('xx/a/byy'), 2, 6)).toBe('/a/b');
  });

  it('never takes one text for another, whatever shares a slot', () => {
    const cache = new TextCache();
    const texts = Array.from({ length: 60_000 }, (_, index) => `/n/${index}`);
    for (const text of texts) keep(cache, text);
    const found = texts.map((text) => find(cache, encode(text)));
    expect(found.every((text, index) => text === undefined || text === texts[index])).toBe(true);
    expect(found.filter((text) => text !== undefined).length).toBeGreaterThan(1_000);
  });

  it('keeps nearly all of a thousand paths that are written in turn', () => {
    const cache = new TextCache();
    const texts = Array.from(
      { length: 1_024 },
      (_, index) => `/bench/item-${String(index).padStart(5, '0')}`,
    );
    for (const text of texts) keep(cache, text);
    const found = texts.filter((text) => find(cache, encode(text)) === text);
    // 4,096 slots, one for each text, keep 935 of them.
    expect(found.length).toBeGreaterThan(1_010);
  });

  it('keeps no text with characters beyond ASCII, whose bytes could be another text', () => {
    const cache = new TextCache();
    keep(cache, '/é');
    expect(find(cache, encode('/é'))).toBeUndefined();
    keep(cache, '/ab');
    expect(find(cache, Uint8Array.of(0x2f, 0x61, 0xe2))).toBeUndefined();
  });

  it('keeps texts of 64 bytes and no longer ones', () => {
    const cache = new TextCache();
    for (const length of [64, 65]) keep(cache, 'x'.repeat(length));
    expect(find(cache, encode('x'.repeat(64)))).toBe('x'.repeat(64));
    expect(find(cache, encode('x'.repeat(65)))).toBeUndefined();
  });
});
