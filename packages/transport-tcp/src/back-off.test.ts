import { describe, expect, it } from 'vitest';
import { BackOff } from './back-off.ts';

describe('BackOff', () => {
  it('doubles from 20 ms to a second, half of it at random, and begins anew after a good connection', () => {
    const backOff = new BackOff();
    const waits = (random: number): number[] => Array.from({ length: 9 }, () => backOff.next(() => random));
    expect(waits(1)).toEqual([20, 40, 80, 160, 320, 640, 1_000, 1_000, 1_000]);
    backOff.reset();
    expect(waits(0)).toEqual([10, 20, 40, 80, 160, 320, 500, 500, 500]);
  });
});
