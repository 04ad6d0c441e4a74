import { describe, expect, test } from 'vitest';
import type { RaftMessage } from './messages.ts';
import { Outbox } from './outbox.ts';
import { testEntries, testMembership } from './testing/lone-peer.ts';

const source = { hardState: { term: 3, vote: undefined, founding: undefined } };
const entries = (terms: readonly number[], firstIndex: number): ReturnType<typeof testEntries> =>
  testEntries(terms, testMembership(['a']), firstIndex);
const message: RaftMessage = { kind: 'timeout-now', from: 'a', to: 'b', term: 3, incarnation: 1 };

describe('tickets', () => {
  test('count up by one for each step that persists, and a step without needs none', () => {
    const outbox = new Outbox(0);
    expect(outbox.finish(source).persist).toBeUndefined();
    outbox.append(entries([1], 1));
    expect(outbox.finish(source).persist?.ticket).toBe(1);
    outbox.append(entries([1], 2));
    expect(outbox.finish(source).persist?.ticket).toBe(2);
    expect(() => outbox.persisted(3)).toThrow('only what was asked for');
    outbox.persisted(2);
    expect(outbox.persistedIndex).toBe(2);
    expect(() => outbox.persisted(2)).toThrow('in order');
  });

  test('confirm nothing that was truncated and written again since (B17)', () => {
    const outbox = new Outbox(2);
    outbox.append(entries([1, 1, 1], 3));
    outbox.finish(source);
    outbox.truncate(4);
    outbox.append(entries([2, 2], 4));
    outbox.finish(source);
    outbox.persisted(1);
    expect(outbox.persistedIndex).toBe(3);
    outbox.persisted(2);
    expect(outbox.persistedIndex).toBe(5);
  });

  test('take back what was durable when it is truncated', () => {
    const outbox = new Outbox(9);
    outbox.truncate(5);
    expect(outbox.persistedIndex).toBe(4);
  });
});

describe('messages', () => {
  test('that promise something wait for this step', () => {
    const outbox = new Outbox(0);
    outbox.promise(message);
    outbox.send(message);
    const output = outbox.finish(source);
    expect([output.sendAfterPersist.length, output.sendNow.length]).toEqual([1, 1]);
  });

  test('of any kind wait while the term that they show is not durable (B02)', () => {
    const outbox = new Outbox(0);
    outbox.hardStateChanged();
    outbox.send(message);
    const first = outbox.finish(source);
    expect([first.sendAfterPersist.length, first.sendNow.length]).toEqual([1, 0]);
    outbox.send(message);
    expect(outbox.finish(source).sendNow.length).toBe(0);
    outbox.persisted(1);
    outbox.send(message);
    expect(outbox.finish(source).sendNow.length).toBe(1);
  });
});
