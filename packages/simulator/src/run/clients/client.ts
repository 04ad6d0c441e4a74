/**
 * One client: opens a session, makes calls in bursts, pauses, and opens another session when one has ended. What it
 * asks is drawn from a stream of its own; what it is answered goes into the history.
 */
import type { Session } from '@quorate/core';
import type { History } from '../../history/history.ts';
import { Recorder } from '../../history/recorder.ts';
import type { RandomStream } from '../../world/random-stream.ts';
import type { Knobs } from '../knobs.ts';
import { type Action, actionsOf } from './actions.ts';
import type { FencedResource } from './lock-user.ts';
import { isAlive, type SessionBook } from '../session-book.ts';
import type { Life } from '../../world/life.ts';

/** What a client needs of its run. */
export interface ClientOptions {
  /** Unique in the run. */
  readonly name: string;
  /** Whose peer serves its sessions, if it is always the same one. */
  readonly member?: string;
  readonly open: (options: { readonly timeoutMs: number; readonly deadlineMs: number }) => Promise<Session>;
  readonly knobs: Knobs;
  readonly stream: RandomStream;
  readonly history: History;
  readonly resource: FencedResource;
  readonly book: SessionBook;
  /** Of the process. */
  readonly life: Life;
  readonly sleep: (delayMs: number) => Promise<void>;
  /** No calls now: what has a session must not need them. */
  readonly isQuiet: () => boolean;
}

/** How soon a client that makes no calls looks whether it may. */
const quietPauseMs = 500;

/** Calls of one burst that come one by one are this far apart, in milliseconds: several batches are under way. */
const spreadMs = 5;

/** Runs as long as its process lives. */
export async function runClient(options: ClientOptions): Promise<never> {
  const { isQuiet, knobs, name: client, member, sleep, stream } = options;
  const recorder = new Recorder(options.history);
  const actions = actionsOf(options);
  for (;;) {
    await sleep(stream.exponential(knobs.thinkMs));
    if (isQuiet()) continue;
    const timeoutMs = knobs.sessionTimeoutMs;
    const opened = await options.open({ timeoutMs, deadlineMs: 2 * timeoutMs }).catch(() => undefined);
    if (opened === undefined) continue;
    options.book.add(opened, options.life);
    const session = recorder.record(opened, { client, ...(member === undefined ? {} : { member }) });
    // Lives are short in some runs: opening, closing and expiring are where sessions go wrong.
    let rounds = knobs.features.has('short-sessions') ? stream.between(1, 20) : stream.between(50, 1_000);
    for (; rounds > 0 && isAlive(session); rounds -= 1) {
      await runRound(options, session, actions);
      while (isQuiet() && isAlive(session)) await sleep(quietPauseMs);
    }
    if (isAlive(session)) await session.close().catch(() => undefined);
  }
}

async function runRound(
  { knobs, sleep, stream }: ClientOptions,
  session: Session,
  actions: readonly Action[],
): Promise<void> {
  const calls: Promise<unknown>[] = [];
  // All in one turn, and so in one batch, or one by one: then each may get lost, and what follows it arrives.
  const isSpread = stream.chance(400_000);
  for (let count = stream.between(1, knobs.burstMax); count > 0; count -= 1) {
    // How a call ended is in the history: the checkers judge it.
    calls.push(
      stream
        .pick(actions)(session)
        .catch(() => undefined),
    );
    if (isSpread) await sleep(stream.exponential(spreadMs));
  }
  await Promise.all(calls);
  await sleep(stream.exponential(knobs.thinkMs));
}
