import type { Session } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import type { InvariantWatch, ObservedStep } from '../invariants/invariant.ts';
import { Ledger } from '../invariants/ledger/ledger.ts';
import type { Life } from '../world/life.ts';
import { SessionBook } from './session-book.ts';

const session = (state: string, id = '00000000000007') =>
  ({ id, state, secret: Uint8Array.of(1), timeoutMs: 1_000 }) as unknown as Session;
const life = (facts: Partial<Life> = {}) =>
  ({ isDead: false, isSuspended: false, host: { name: 'a' }, ...facts }) as unknown as Life;
const ended = (code: string) =>
  ({ output: { applied: [{ index: 1, items: [{ kind: 'session-ended', sessionId: 7, code }] }] } }) as never;

function watchOf(book: SessionBook, areClocksEqual = true): (step: ObservedStep) => void {
  const watch: InvariantWatch = book.asInvariant({ areClocksEqual }).watch(new Ledger());
  return (step) => watch.stepped?.(step, {} as never);
}

describe('a session book', () => {
  test('is broken by a session that has expired and does not know it', () => {
    const book = new SessionBook();
    book.add(session('connected'), life());
    const tell = watchOf(book);
    expect(() => tell(ended('SESSION_CLOSED'))).not.toThrow();
    expect(() => tell(ended('SESSION_EXPIRED'))).toThrow('believes to be alive');
  });

  test.each([
    ['knows it', session('expired'), life()],
    ['is held by a process that is gone', session('connected'), life({ isDead: true })],
    ['is held by a process that stands still', session('connected'), life({ isSuspended: true })],
  ])('asks nothing of one that %s', (_what, expired, holder) => {
    const book = new SessionBook();
    book.add(expired, holder);
    expect(() => watchOf(book)(ended('SESSION_EXPIRED'))).not.toThrow();
  });

  test('asks nothing where clocks run at different rates', () => {
    const book = new SessionBook();
    book.add(session('connected'), life());
    expect(() => watchOf(book, false)(ended('SESSION_EXPIRED'))).not.toThrow();
  });

  test('gives away what was left, once, and never what is held', () => {
    const book = new SessionBook();
    const resumable = new Set(['00000000000008', '00000000000009']);
    book.add(session('connected', '00000000000008'), life());
    book.add(session('connected', '00000000000009'), life({ isDead: true }));
    book.offer(session('connected', '0000000000000a'));
    const given = [1, 2, 3].map(() => book.takeOrphan(resumable)?.id);
    expect(given).toEqual(['0000000000000a', '00000000000009', undefined]);
  });
});
