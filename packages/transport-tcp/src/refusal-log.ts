/**
 * Tells of refused connections, once at first and then seldom for the same address and reason: whoever is
 * refused may try as often as he likes, and a log that he can fill is a weapon.
 */
import type { Logger, RefusedConnection } from '@quorate/core/ports';
import { refusalMsMin, refusalsRememberedMax } from './limits.ts';
import type { Refusal } from './refusal.ts';

export interface RefusedFacts {
  readonly member: string | undefined;
  /** With its port: for people. */
  readonly address: string;
  /** Without: what is counted together. */
  readonly host: string;
  readonly refusal: Refusal;
}

export class RefusalLog {
  readonly #logger: Logger;
  readonly #tell: (facts: RefusedConnection) => void;
  readonly #members: ReadonlySet<string>;
  /** By host, kind and known member: when it was told, and how often it happened since. Oldest first. */
  readonly #told = new Map<string, { readonly atMs: number; silentCount: number }>();

  constructor(members: ReadonlySet<string>, logger: Logger, tell: (facts: RefusedConnection) => void) {
    this.#members = members;
    this.#logger = logger;
    this.#tell = tell;
  }

  add({ member, address, host, refusal }: RefusedFacts): void {
    const { kind, code, reason } = refusal;
    // What a stranger calls itself must not make a new kind of refusal of each attempt.
    const known = member !== undefined && this.#members.has(member) ? member : '';
    const key = JSON.stringify([host, kind, known]);
    const nowMs = performance.now();
    const last = this.#told.get(key);
    if (last !== undefined && nowMs - last.atMs < refusalMsMin) {
      last.silentCount += 1;
      return;
    }
    this.#told.delete(key);
    this.#told.set(key, { atMs: nowMs, silentCount: 0 });
    this.#forgetOldest();
    this.#logger.warn(
      { member, address, code, reason, silentCount: last?.silentCount ?? 0 },
      'a connection was refused',
    );
    this.#tell({ member, address, code, reason });
  }

  #forgetOldest(): void {
    if (this.#told.size <= refusalsRememberedMax) return;
    for (const oldest of this.#told.keys()) {
      this.#told.delete(oldest);
      return;
    }
  }
}
