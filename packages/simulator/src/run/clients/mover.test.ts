/** What a mover notices by itself: OneHolder, which says that nobody else counts in a session that it holds. */
import type { Peer, Session } from '@quorate/core';
import { expect, test } from 'vitest';
import { Ledger } from '../../invariants/ledger/ledger.ts';
import type { Life } from '../../world/life.ts';
import { streamOf } from '../../world/random-stream.ts';
import type { Knobs } from '../knobs.ts';
import { SessionBook } from '../session-book.ts';
import { runMover } from './mover.ts';

const id = '00000000000007';
/** Pauses of movers in one test: some holders, and each of them some rounds. */
const pausesMax = 60;

/**
 * One session whose counter answers as `answer` says, every other time later than the next one if `isUneven`. Whoever
 * resumes it ends what others hold of it, if `refuses`.
 */
function peerOf({
  answer,
  refuses,
  isUneven = false,
}: {
  answer: (count: number) => number;
  refuses: boolean;
  isUneven?: boolean;
}) {
  const held: { state: string }[] = [];
  const told = { count: 0, resumedCount: 0 };
  const openSession = async ({ resume }: { resume?: object } = {}): Promise<Session> => {
    if (resume !== undefined) told.resumedCount += 1;
    if (refuses) for (const session of held) session.state = 'moved';
    const session = {
      id,
      secret: Uint8Array.of(1),
      state: 'connected',
      close: async () => undefined,
      increment: async () => {
        if (session.state !== 'connected') throw new Error('refused');
        told.count += 1;
        const { count } = told;
        if (isUneven && count % 2 === 0) for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
        return answer(count);
      },
    };
    held.push(session);
    return session as unknown as Session;
  };
  return { told, peer: { openSession } as unknown as Peer };
}

/** Lets a mover work until it has paused often enough; throws what it has noticed. */
async function move(peer: Peer): Promise<void> {
  const book = new SessionBook();
  let pausesLeft = pausesMax;
  const sleep = (): Promise<void> => {
    pausesLeft -= 1;
    return pausesLeft > 0 ? Promise.resolve() : new Promise(() => undefined);
  };
  void runMover({
    peer,
    life: { isDead: false, isSuspended: false, host: { name: 'a' } } as unknown as Life,
    knobs: { thinkMs: 1, sessionTimeoutMs: 1_000 } as Knobs,
    stream: streamOf(1n, 'mover'),
    book,
    movable: new Set(),
    sleep,
    isQuiet: () => false,
  });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(pausesLeft).toBeLessThanOrEqual(0);
  const watch = book.asInvariant({ areClocksEqual: true }).watch(new Ledger());
  watch.stepped?.({ output: { applied: [] } } as never, {} as never);
}

test('a mover is content while its session counts for its holders alone, one after the other', async () => {
  const { peer, told } = peerOf({ answer: (count) => count, refuses: true });
  await expect(move(peer)).resolves.toBeUndefined();
  expect(told.resumedCount).toBeGreaterThan(1);
});

test('a mover does not mind answers that come in another order than its calls', async () => {
  const { peer, told } = peerOf({ answer: (count) => count, refuses: true, isUneven: true });
  await expect(move(peer)).resolves.toBeUndefined();
  expect(told.count).toBeGreaterThan(10);
});

test('a mover notices that an earlier holder counts on in its session', async () => {
  const { peer } = peerOf({ answer: (count) => count, refuses: false });
  await expect(move(peer)).rejects.toThrow('OneHolder: somebody else has counted');
});

test('a mover notices a number that is missing in its own tenure', async () => {
  const { peer } = peerOf({ answer: (count) => (count < 5 ? count : count + 1), refuses: true });
  await expect(move(peer)).rejects.toThrow('OneHolder: somebody else has counted');
});

test('a mover does not judge the number after a call that failed: it may have counted', async () => {
  const answer = (count: number): number => {
    if (count % 5 === 0) throw new Error('CONNECTION_LOST');
    return count;
  };
  await expect(move(peerOf({ answer, refuses: true }).peer)).resolves.toBeUndefined();
});
