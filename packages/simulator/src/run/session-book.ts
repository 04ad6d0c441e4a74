/**
 * The sessions of a run and the processes that hold them. It knows which session has lost its holder and may be
 * resumed by somebody else, and it states, like an invariant, that a session knows of its end before anybody can act
 * on it: what it guards must not be touched by two.
 */
import type { Session } from '@quorate/core';
import { formatSessionId } from '@quorate/core/inspect';
import { InvariantBroken, type Invariant } from '../invariants/invariant.ts';
import { forEachFreshItem } from '../invariants/sessions/applied-once.ts';
import type { Life } from '../world/life.ts';

/** What its next holder needs. */
export interface Orphan {
  readonly id: string;
  readonly secret: Uint8Array;
}

interface Held extends Orphan {
  readonly session: Session;
  readonly life: Life;
}

export class SessionBook {
  readonly #held = new Map<string, Held>();
  /** Left by holders who still live, in the order in which they left. */
  #offered: Orphan[] = [];
  #problem: InvariantBroken | undefined;

  /** A session that is open, and the process that holds it from now on. */
  add(session: Session, life: Life): void {
    this.#held.set(session.id, { id: session.id, secret: session.secret, session, life });
  }

  /** Its holder makes no calls any more, and does not close it. */
  offer({ id, secret }: Session): void {
    this.#offered.push({ id, secret });
  }

  /** A session without a holder, for the first who asks, among those that were added as resumable. */
  takeOrphan(resumable: Set<string>): Orphan | undefined {
    const offered = this.#offered.shift();
    if (offered !== undefined) return offered;
    for (const id of resumable) {
      const held = this.#held.get(id);
      if (held?.life.isDead !== true) continue;
      resumable.delete(id);
      return held;
    }
    return undefined;
  }

  /** Something that a client has noticed by itself: the run ends with it. */
  report(problem: InvariantBroken): void {
    this.#problem ??= problem;
  }

  /**
   * To be given to the world among its invariants. `areClocksEqual`: false where hosts' clocks run at rates further
   * apart than a session allows for together with what a timer is late.
   */
  asInvariant({ areClocksEqual }: { readonly areClocksEqual: boolean }): Invariant {
    return {
      name: 'SessionKnowsItsEnd',
      statement: 'A session knows that it has expired before the ensemble acts on it.',
      source: 'semantics.md, Sessions',
      watch: (ledger) => ({
        stepped: (step) => {
          if (this.#problem !== undefined) throw this.#problem;
          if (!areClocksEqual || step.output.applied.length === 0) return;
          forEachFreshItem(ledger, step, (item) => {
            if (item.kind === 'session-ended' && item.code === 'SESSION_EXPIRED') this.#judge(item.sessionId);
          });
        },
      }),
    };
  }

  #judge(sessionId: number): void {
    const id = formatSessionId(sessionId);
    const held = this.#held.get(id);
    if (held === undefined) return;
    this.#held.delete(id);
    // A process that stands still acts on nothing, and judges the time first when it wakes up.
    if (held.life.isDead || held.life.isSuspended || !isAlive(held.session)) return;
    throw new InvariantBroken('SessionKnowsItsEnd', 'a session has expired that believes to be alive', {
      session: id,
      host: held.life.host.name,
      state: held.session.state,
      timeoutMs: held.session.timeoutMs,
    });
  }
}

export function isAlive(session: Session): boolean {
  return session.state === 'connected' || session.state === 'suspended';
}
