/**
 * Records what the clients of production sessions do and see. A workload is written against `Session` and runs
 * unchanged, in a simulated world as well as in real processes.
 *
 * @example
 * const history = new History({ nowMs: () => performance.now() });
 * const recorder = new Recorder(history);
 * const session = recorder.record(await peer.openSession(), { client: 'worker-1', member: peer.id });
 * await session.create('/greeting', 'hello');
 * history.operations().length // 1
 */
import type { Session } from '@quorate/core';
import { observeSession } from '@quorate/core/inspect';
import { type Actor, type History } from './history.ts';
import { RecordedSession } from './recorded-session.ts';
import { SessionTracker } from './session-tracker.ts';

/** Who uses a session. */
export interface RecordedAs {
  readonly client: string;
  /** Whose peer serves it, if that is known. */
  readonly member?: string;
}

/** Writes everything into one history; see the file's comment. */
export class Recorder {
  readonly history: History;

  constructor(history: History) {
    this.history = history;
  }

  /** The same session, recorded from now on. Record it once, before its first call. */
  record(session: Session, as: RecordedAs): Session {
    const actor: Actor = { client: as.client, session: session.id, member: as.member };
    const tracker = new SessionTracker(this.history);
    observeSession(session, tracker);
    const record = this.history.beginSession(actor, session.timeoutMs);
    session.on('state', (state) => this.history.enterState(record, state));
    return new RecordedSession(session, tracker, actor, '/');
  }
}
