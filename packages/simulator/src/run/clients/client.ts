/**
 * One client: opens a session at its peer, makes calls in bursts, pauses, and opens another session when one has
 * ended. What it asks is drawn from a stream of its own; what it is answered goes into the history.
 */
import type { Peer, Session } from '@quorate/core';
import type { History } from '../../history/history.ts';
import { Recorder } from '../../history/recorder.ts';
import type { RandomStream } from '../../world/random-stream.ts';
import type { Knobs } from '../knobs.ts';
import { type Action, actionsOf } from './actions.ts';
import type { FencedResource } from './lock-user.ts';

/** What a client needs of its run. */
export interface ClientOptions {
  /** Unique in the run. */
  readonly name: string;
  readonly member: string;
  readonly peer: Peer;
  readonly knobs: Knobs;
  readonly stream: RandomStream;
  readonly history: History;
  readonly resource: FencedResource;
  readonly sleep: (delayMs: number) => Promise<void>;
}

/** Runs as long as its process lives. */
export async function runClient(options: ClientOptions): Promise<never> {
  const { knobs, name: client, member, peer, sleep, stream } = options;
  const recorder = new Recorder(options.history);
  const actions = actionsOf(options);
  for (;;) {
    await sleep(stream.exponential(knobs.thinkMs));
    const timeoutMs = knobs.sessionTimeoutMs;
    const opened = await peer.openSession({ timeoutMs, deadlineMs: 2 * timeoutMs }).catch(() => undefined);
    if (opened === undefined) continue;
    const session = recorder.record(opened, { client, member });
    // Lives are short in some runs: opening, closing and expiring are where sessions go wrong.
    let rounds = knobs.features.has('short-sessions') ? stream.between(1, 20) : stream.between(50, 1_000);
    for (; rounds > 0 && isAlive(session); rounds -= 1) await runRound(options, session, actions);
    if (isAlive(session)) await session.close().catch(() => undefined);
  }
}

function isAlive(session: Session): boolean {
  return session.state === 'connected' || session.state === 'suspended';
}

async function runRound(
  { knobs, sleep, stream }: ClientOptions,
  session: Session,
  actions: readonly Action[],
): Promise<void> {
  const calls: Promise<unknown>[] = [];
  for (let count = stream.between(1, knobs.burstMax); count > 0; count -= 1) {
    // How a call ended is in the history: the checkers judge it.
    calls.push(
      stream
        .pick(actions)(session)
        .catch(() => undefined),
    );
  }
  await Promise.all(calls);
  await sleep(stream.exponential(knobs.thinkMs));
}
