import { describe, expect, test } from 'vitest';
import { RandomStream, streamOf } from './random-stream.ts';

const draw = <T>(count: number, from: () => T): readonly T[] => Array.from({ length: count }, from);

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

describe('a stream of draws', () => {
  test('is the one of its seed and name for ever: a seed that failed must fail again', () => {
    const stream = streamOf(0x1234_5678_9abc_def0n, 'network-delay');
    expect(draw(4, () => stream.u32())).toMatchInlineSnapshot(`
      [
        2057536429,
        4272051028,
        1937236766,
        4102691783,
      ]
    `);
    expect(draw(4, () => stream.below(100))).toMatchInlineSnapshot(`
      [
        0,
        6,
        31,
        87,
      ]
    `);
    expect(draw(4, () => stream.exponential(1_000))).toMatchInlineSnapshot(`
      [
        1907,
        266,
        1403,
        721,
      ]
    `);
  });

  test('follows xoshiro128** 1.1 from its state', () => {
    const stream = new RandomStream([1, 2, 3, 4]);
    // What the authors' C code answers from this state.
    expect(draw(4, () => stream.u32())).toEqual([11_520, 0, 5_927_040, 70_819_200]);
  });

  test('differs by name, by the low and by the high half of the seed', () => {
    const streams = [streamOf(1n, 'a'), streamOf(1n, 'b'), streamOf(2n, 'a'), streamOf(1n << 32n, 'a')];
    expect(new Set(streams.map((stream) => stream.u32())).size).toBe(4);
  });

  test('draws uniformly below a bound, both ends included', () => {
    const stream = streamOf(1n, 'test');
    const drawn = draw(10_000, () => stream.between(3, 5));
    expect(new Set(drawn)).toEqual(new Set([3, 4, 5]));
    expect(mean(drawn)).toBeCloseTo(4, 1);
  });

  test('draws chances in parts per million', () => {
    const stream = streamOf(1n, 'test');
    expect(draw(1_000, () => stream.chance(0))).not.toContain(true);
    expect(draw(1_000, () => stream.chance(1_000_000))).not.toContain(false);
    const share = draw(10_000, () => stream.chance(250_000)).filter(Boolean).length;
    expect(share).toBeGreaterThan(2_300);
    expect(share).toBeLessThan(2_700);
  });

  test('draws exponentially: whole microseconds, their mean, and their tail', () => {
    const stream = streamOf(1n, 'test');
    const drawn = draw(20_000, () => stream.exponential(1_000));
    expect(drawn.every((number) => Number.isSafeInteger(number) && number >= 0)).toBe(true);
    expect(mean(drawn)).toBeGreaterThan(970);
    expect(mean(drawn)).toBeLessThan(1_030);
    // P(X > 3 mean) is e^-3, 5.0 %.
    const tail = drawn.filter((number) => number > 3_000).length;
    expect(tail).toBeGreaterThan(880);
    expect(tail).toBeLessThan(1_120);
    expect(stream.exponential(0)).toBe(0);
  });
});
