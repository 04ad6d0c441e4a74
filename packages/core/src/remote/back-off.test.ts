import { describe, expect, it } from 'vitest';
import { BackOff } from './back-off.ts';

const half = 2 ** 31;

function backOff(peers: readonly string[], u32 = half): BackOff {
  return new BackOff(peers, { u32: () => u32, bytes: (length) => new Uint8Array(length) });
}

describe('which peer is next', () => {
  it('begins at a random one and goes round', () => {
    const subject = backOff(['a', 'b', 'c'], 4);
    expect([1, 2, 3, 4].map(() => subject.next())).toEqual(['b', 'c', 'a', 'b']);
  });

  it('is the same one when there is no other', () => {
    const subject = backOff(['a']);
    expect([subject.next(), subject.next(), subject.hasChoice]).toEqual(['a', 'a', false]);
  });
});

describe('how long to wait', () => {
  it('is nothing within a round, and longer after each, up to two seconds', () => {
    const subject = backOff(['a', 'b']);
    const waits = Array.from({ length: 24 }, () => subject.failed());
    expect(waits.slice(0, 8)).toEqual([0, 20, 0, 40, 0, 80, 0, 160]);
    expect(waits.at(-1)).toBe(2_000);
  });

  it('is by chance from half to one and a half of it', () => {
    expect(backOff(['a'], 0).failed()).toBe(10);
    expect(backOff(['a'], 2 ** 32 - 1).failed()).toBeCloseTo(30);
  });

  it('begins anew once a peer has served for a while', () => {
    const subject = backOff(['a']);
    for (let turn = 0; turn < 5; turn += 1) subject.failed();
    subject.served();
    expect(subject.failed()).toBe(20);
  });

  it('is never nothing for a round of peers that serve only briefly', () => {
    const subject = backOff(['a', 'b', 'c']);
    for (let turn = 0; turn < 12; turn += 1) subject.failed();
    for (let turn = 0; turn < 5; turn += 1) {
      subject.servedBriefly();
      expect(subject.failed()).toBe(20);
    }
  });
});
