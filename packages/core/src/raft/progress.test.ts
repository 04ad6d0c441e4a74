import { describe, expect, test } from 'vitest';
import { Progress } from './progress.ts';

const bounds = { messagesMax: 2, bytesMax: 100 };

function replicating(): Progress {
  const progress = new Progress('b', 10, 0);
  progress.accepted(9, 9);
  return progress;
}

describe('a follower that is probed', () => {
  test('gets one append at a time', () => {
    const progress = new Progress('b', 10, 0);
    expect(progress.canSend(bounds)).toBe(true);
    progress.sent(12, 5);
    expect([progress.canSend(bounds), progress.nextIndex]).toEqual([false, 10]);
    progress.rejected(9, 4);
    expect([progress.canSend(bounds), progress.nextIndex]).toEqual([true, 5]);
  });

  test('moves back at least one entry with every refusal, so that probing ends (B22)', () => {
    const progress = new Progress('b', 10, 0);
    progress.rejected(9, 9);
    expect(progress.nextIndex).toBe(9);
  });

  test('ignores a refusal of another append than the one that waits (B16)', () => {
    const progress = new Progress('b', 10, 0);
    expect(progress.rejected(7, 3)).toBe(false);
    expect(progress.nextIndex).toBe(10);
  });
});

describe('a follower that is replicated to', () => {
  test('is bounded by messages and by bytes in flight', () => {
    const progress = replicating();
    progress.sent(10, 10);
    expect(progress.canSend(bounds)).toBe(true);
    progress.sent(11, 10);
    expect(progress.canSend(bounds)).toBe(false);
    const other = replicating();
    other.sent(10, 100);
    expect(other.canSend(bounds)).toBe(false);
  });

  test('frees exactly what is acknowledged, however answers are repeated or reordered (B26)', () => {
    const progress = replicating();
    progress.sent(10, 10);
    progress.sent(12, 20);
    progress.accepted(12, 12);
    expect([progress.messagesInFlight, progress.bytesInFlight, progress.matchIndex]).toEqual([0, 0, 12]);
    progress.accepted(10, 10);
    expect([progress.matchIndex, progress.nextIndex]).toEqual([12, 13]);
    progress.validate(12);
  });

  test('never moves back before its match (B16)', () => {
    const progress = replicating();
    progress.sent(12, 10);
    progress.accepted(12, 12);
    expect(progress.rejected(11, 3)).toBe(false);
    progress.sent(14, 10);
    expect(progress.rejected(13, 3)).toBe(true);
    expect([progress.state, progress.nextIndex, progress.bytesInFlight]).toEqual(['probe', 13, 0]);
    progress.validate(14);
  });

  test('is probed from its match when its connection broke', () => {
    const progress = replicating();
    progress.sent(14, 10);
    progress.probeAgain();
    expect([progress.state, progress.nextIndex, progress.messagesInFlight]).toEqual(['probe', 10, 0]);
  });

  test('is believed in nothing after it came back as another incarnation', () => {
    const progress = replicating();
    progress.incarnation = 1;
    progress.isVouched = true;
    progress.reborn(2, 10);
    expect([progress.matchIndex, progress.isVouched, progress.state]).toEqual([0, false, 'probe']);
  });
});

test('where nothing is known yet, a broken connection does not ask for the whole log', () => {
  const progress = new Progress('b', 10, 0);
  progress.probeAgain();
  expect(progress.nextIndex).toBe(10);
});
