import { describe, expect, it } from 'vitest';
import { PathSlots } from './path-slots.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The bytes of a text in the midst of others. */
function placed(bytes: Uint8Array): {
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
} {
  const around = new Uint8Array(bytes.length + 7).fill(0x7a);
  around.set(bytes, 3);
  return { view: new DataView(around.buffer), start: 3, end: 3 + bytes.length };
}

function verdict(slots: PathSlots, number: number, bytes: Uint8Array): string {
  const { view, start, end } = placed(bytes);
  return slots.compare(number, view, start, end);
}

/** One slot of each length that fits, the number being the length less that of the shortest. */
const lengths = Array.from({ length: 44 }, (_, index) => 4 + index);
const pathOf = (length: number): string => `/${'abcdefgh'.repeat(6)}`.slice(0, length);

describe('a slot', () => {
  const slots = new PathSlots();
  for (const [number, length] of lengths.entries()) slots.fill(number, pathOf(length));

  it('knows its path, at every length', () => {
    const verdicts = lengths.map((length, number) => verdict(slots, number, encode(pathOf(length))));
    expect(new Set(verdicts)).toEqual(new Set(['same']));
  });

  it('tells it from a path that differs in any single byte', () => {
    for (const [number, length] of lengths.entries()) {
      for (let at = 0; at < length; at += 1) {
        const bytes = encode(pathOf(length));
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        expect(verdict(slots, number, bytes), `byte ${at} of ${length}`).toBe('other');
      }
    }
  });

  it('tells it from one that is longer or shorter', () => {
    expect(verdict(slots, 4, encode(pathOf(9)))).toBe('other');
    expect(verdict(slots, 4, encode(pathOf(7)))).toBe('other');
  });
});

describe('a slot does not tell', () => {
  it.each([
    { what: 'a path shorter than a word', path: '/a' },
    { what: 'a path that does not fit', path: `/${'x'.repeat(60)}` },
    { what: 'a path that is not ASCII', path: '/héhé' },
  ])('of $what', ({ path }) => {
    const slots = new PathSlots();
    slots.fill(0, path);
    expect(verdict(slots, 0, encode(path))).toBe('unknown');
  });

  it('of a cell that has left', () => {
    const slots = new PathSlots();
    slots.fill(0, '/a/b');
    slots.clear(0);
    expect(verdict(slots, 0, encode('/a/b'))).toBe('unknown');
  });
});
