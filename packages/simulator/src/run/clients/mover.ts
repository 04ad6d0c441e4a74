/**
 * A client whose session goes from peer to peer: it resumes what another one has left, by a crash or by offering it
 * while it still uses it, counts on for a while, and leaves it again. Nobody else writes its counter, so the numbers
 * that one holder's calls get must follow one another: one that is missing was taken by somebody who does not hold the
 * session any more, or not yet.
 */
import type { Peer, Session } from '@quorate/core';
import { InvariantBroken } from '../../invariants/invariant.ts';
import type { Life } from '../../world/life.ts';
import type { RandomStream } from '../../world/random-stream.ts';
import type { Knobs } from '../knobs.ts';
import { isAlive, type SessionBook } from '../session-book.ts';

export interface MoverOptions {
  readonly peer: Peer;
  readonly life: Life;
  readonly knobs: Knobs;
  readonly stream: RandomStream;
  readonly book: SessionBook;
  /** Sessions of movers, by id: those of other clients are not theirs to resume. */
  readonly movable: Set<string>;
  readonly sleep: (delayMs: number) => Promise<void>;
  readonly isQuiet: () => boolean;
}

/** Movers are few and slow: they are there for what happens between two holders. */
const thinkFactor = 4;

/** So often somebody who has offered a session still uses it, unless it is told that it is another one's. */
const callsAfterOffer = 8;

export async function runMover(options: MoverOptions): Promise<never> {
  const { book, isQuiet, knobs, life, movable, sleep, stream } = options;
  for (;;) {
    await sleep(stream.exponential(thinkFactor * knobs.thinkMs));
    if (isQuiet()) continue;
    const session = await beginAtOnce(options);
    if (session === undefined) continue;
    book.add(session, life);
    movable.add(session.id);
    const tenure = new Tenure(session, book);
    for (let rounds = stream.between(1, 6); rounds > 0 && isAlive(session); rounds -= 1) {
      await Promise.all(Array.from({ length: stream.between(1, 3) }, () => tenure.count()));
      await sleep(stream.exponential(thinkFactor * knobs.thinkMs));
    }
    if (!isAlive(session)) continue;
    if (stream.chance(200_000)) {
      movable.delete(session.id);
      await session.close().catch(() => undefined);
    } else {
      movable.delete(session.id);
      book.offer(session);
      void goOnAllTheSame(tenure, options);
    }
  }
}

/** What is under way when its session gets another holder must not count; the one who asked does not know yet. */
async function goOnAllTheSame(tenure: Tenure, { knobs, sleep, stream }: MoverOptions): Promise<void> {
  for (let calls = callsAfterOffer; calls > 0 && tenure.isHeld; calls -= 1) {
    void tenure.count();
    await sleep(stream.exponential(knobs.thinkMs));
  }
}

async function beginAtOnce({ book, knobs, movable, peer }: MoverOptions): Promise<Session | undefined> {
  const timeoutMs = knobs.sessionTimeoutMs;
  const orphan = book.takeOrphan(movable);
  const asked = orphan === undefined ? { timeoutMs } : { resume: orphan };
  return await peer.openSession({ ...asked, deadlineMs: 2 * timeoutMs }).catch(() => undefined);
}

/** One holder's time with a session. */
class Tenure {
  readonly #session: Session;
  readonly #book: SessionBook;
  /** What each call got, in the order of the calls; undefined where it is not known. */
  readonly #numbers: (number | undefined)[] = [];

  constructor(session: Session, book: SessionBook) {
    this.#session = session;
    this.#book = book;
  }

  get isHeld(): boolean {
    return isAlive(this.#session);
  }

  async count(): Promise<void> {
    const { id } = this.#session;
    const call = this.#numbers.push(undefined) - 1;
    try {
      this.#numbers[call] = await this.#session.increment(`/v-${id}`, 1, { create: true });
    } catch {
      return;
    }
    this.#compare(call - 1);
    this.#compare(call);
  }

  /**
   * One call and the next one, as soon as both are answered. Not one answer and the next: those to calls that a received
   * snapshot contains come after those to calls behind it.
   */
  #compare(call: number): void {
    const [number, next] = [this.#numbers[call], this.#numbers[call + 1]];
    if (number === undefined || next === undefined || next === number + 1) return;
    const facts = { session: this.#session.id, expected: number + 1, value: next };
    this.#book.report(new InvariantBroken('OneHolder', 'somebody else has counted in this session', facts));
  }
}
