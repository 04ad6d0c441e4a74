import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantViolation } from '../invariant.ts';
import { SortedNames } from './sorted-names.ts';

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `item-${String(index).padStart(10, '0')}`);
}

/** A fixed order that is neither ascending nor descending. */
function scattered(names: readonly string[]): string[] {
  return names.toSorted((a, b) => hash(a) - hash(b));
}

function hash(name: string): number {
  let sum = 0;
  for (const letter of name) sum = (Math.imul(sum, 31) + letter.charCodeAt(0)) | 0;
  return Math.imul(sum, 0x9e3779b1) | 0;
}

describe('SortedNames', () => {
  test('an empty list has no first page', () => {
    const names = new SortedNames();
    expect(names.page(undefined, 10)).toEqual([]);
    expect(names.page('a', 10)).toEqual([]);
    expect([...names]).toEqual([]);
    expect(names.next(undefined)).toBeUndefined();
    names.validate();
  });

  test('one name is a page, unless it is the one to begin after', () => {
    const names = new SortedNames();
    names.insert('b');
    expect(names.page(undefined, 10)).toEqual(['b']);
    expect(names.page('a', 10)).toEqual(['b']);
    expect(names.page('b', 10)).toEqual([]);
    expect(names.page('c', 10)).toEqual([]);
    expect(names.page(undefined, 0)).toEqual([]);
  });

  test('names come in the order of their UTF-8 bytes', () => {
    const names = new SortedNames();
    const mixed = ['b', 'B', 'é', 'z', '-', '0', '￯', '퟿', 'aa', 'a', '豈'];
    for (const name of mixed) names.insert(name);
    const encoder = new TextEncoder();
    const byBytes = mixed.toSorted((a, b) => {
      const [left, right] = [encoder.encode(a), encoder.encode(b)];
      const at = left.findIndex((byte, index) => byte !== right[index]);
      return at < 0 ? left.length - right.length : (left[at] ?? 0) - (right[at] ?? -1);
    });
    expect([...names]).toEqual(byBytes);
  });

  test.each(['ascending', 'descending', 'scattered'])('ten thousand %s names stay in order', (order) => {
    const sorted = numbered(10_000);
    const names = new SortedNames();
    const inserted =
      order === 'ascending' ? sorted : order === 'descending' ? sorted.toReversed() : scattered(sorted);
    for (const name of inserted) names.insert(name);
    names.validate();
    expect(names.size).toBe(10_000);
    expect([...names]).toEqual(sorted);
    for (const name of inserted.slice(1)) names.delete(name);
    names.validate();
    expect([...names]).toEqual(inserted.slice(0, 1));
    names.delete(inserted[0] ?? '');
    names.validate();
    expect(names.size).toBe(0);
    names.insert('again');
    expect([...names]).toEqual(['again']);
  });

  test('pages of any size join to the whole list', () => {
    const sorted = numbered(1_000);
    const names = new SortedNames();
    for (const name of scattered(sorted)) names.insert(name);
    for (const limit of [1, 7, 127, 128, 129, 999, 1_000, 1_001]) {
      const all: string[] = [];
      for (let page = names.page(undefined, limit); page.length > 0; page = names.page(all.at(-1), limit)) {
        expect(page.length).toBeLessThanOrEqual(limit);
        all.push(...page);
      }
      expect(all).toEqual(sorted);
    }
  });

  test('a page may begin after a name that is gone', () => {
    const names = new SortedNames();
    for (const name of ['a', 'b', 'c']) names.insert(name);
    names.delete('b');
    expect(names.page('b', 10)).toEqual(['c']);
  });

  test('a name twice, or a missing one deleted, is a bug', () => {
    const names = new SortedNames();
    expect(() => names.delete('a')).toThrow(InvariantViolation);
    names.insert('a');
    expect(() => names.insert('a')).toThrow(InvariantViolation);
    expect(() => names.delete('b')).toThrow(InvariantViolation);
  });

  test('any inserts and deletes leave what a sorted array would hold', () => {
    const step = fc.record({
      name: fc.nat({ max: 400 }),
      page: fc.nat({ max: 300 }),
      after: fc.nat({ max: 400 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 900 }), (steps) => {
        const names = new SortedNames();
        const model = new Set<string>();
        for (const { name: number, page, after } of steps) {
          const name = `n${number}`;
          if (model.delete(name)) names.delete(name);
          else names.insert(name);
          if (names.size > model.size) model.add(name);
          if (page > 20) continue;
          const sorted = [...model].toSorted();
          expect(names.page(`n${after}`, page)).toEqual(
            sorted.filter((other) => other > `n${after}`).slice(0, page),
          );
        }
        names.validate();
        expect([...names]).toEqual([...model].toSorted());
      }),
    );
  });
});
