import { describe, expect, test } from 'vitest';
import { Digests } from './digests.ts';

describe('Digests', () => {
  test.each(['own first', 'told first'])('find a difference whichever side comes first: %s', (order) => {
    const digests = new Digests();
    const own = (): unknown => digests.record(128, 'aa');
    const told = (): unknown => digests.told(128, 'bb');
    const [first, second] = order === 'own first' ? [own, told] : [told, own];
    expect(first()).toBeUndefined();
    expect(second()).toEqual({ index: 128, expected: 'bb', actual: 'aa' });
  });

  test('say nothing of equal ones, of other indexes, and of what was cleared', () => {
    const digests = new Digests();
    digests.record(128, 'aa');
    expect(digests.told(128, 'aa')).toBeUndefined();
    expect(digests.told(256, 'bb')).toBeUndefined();
    digests.clear();
    expect(digests.told(128, 'cc')).toBeUndefined();
    expect(digests.record(256, 'cc')).toBeUndefined();
  });

  test('remember the newest 64, and forget the one before', () => {
    const digests = new Digests();
    for (let at = 1; at <= 65; at += 1) digests.record(at, 'aa');
    expect(digests.told(1, 'bb')).toBeUndefined();
    expect(digests.told(2, 'bb')).toMatchObject({ index: 2 });
    expect(digests.told(65, 'bb')).toMatchObject({ index: 65 });
  });
});
