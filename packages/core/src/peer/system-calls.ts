/** Commands of the ensemble that this peer proposes (open, resume and end sessions), until each is answered. */
import type { SystemOp } from '../codec/op.ts';
import type { OpError, OpResult } from '../codec/reply.ts';
import { CoordinationError } from '../errors.ts';
import type { AppliedSystem } from '../machine/contract.ts';
import type { Random } from '../ports/random.ts';
import type { WaitOptions } from '../session/api-types.ts';
import type { Calls } from './calls.ts';
import type { Driver } from './driver.ts';

export interface SystemCallsOptions {
  readonly calls: Calls;
  readonly driver: Driver;
  /**
   * Random: tickets are never used twice in an ensemble. After a restart the log is applied once more, and the
   * answers in it to calls of the former life are not for the calls of this one.
   */
  readonly firstTicket: number;
  readonly origin: { readonly member: string; readonly incarnation: number };
}

export class SystemCalls {
  readonly #options: SystemCallsOptions;
  readonly #waiting = new Map<number, (result: OpResult | OpError) => void>();
  #lastTicket: number;

  constructor(options: SystemCallsOptions) {
    this.#options = options;
    this.#lastTicket = options.firstTicket;
  }

  /** Proposes until it is answered: each of these commands is idempotent or conditional, so again is harmless. */
  async run(op: SystemOp, options?: WaitOptions): Promise<OpResult> {
    this.#lastTicket += 1;
    const ticket = this.#lastTicket;
    const call = this.#options.calls.run<OpResult>({
      options,
      outcomeUnknown: true,
      attempt: ({ resolve, reject }) => {
        this.#waiting.set(ticket, (result) => {
          if (result.kind === 'error')
            reject(new CoordinationError(result.code, { details: result.details }));
          else resolve(result);
        });
        this.#options.driver.push({ kind: 'system', ticket, op });
      },
    });
    return await call.finally(() => this.#waiting.delete(ticket));
  }

  applied(item: AppliedSystem): void {
    const { member, incarnation } = this.#options.origin;
    if (item.origin !== member || item.incarnation !== incarnation) return;
    this.#waiting.get(item.ticket)?.(item.reply.result);
  }
}

/** Above every number with a meaning of its own, and with room for all calls of a life. */
export function randomTicket(random: Random): number {
  return ((random.u32() % 0xf_ffff) + 1) * 0x1_0000_0000 + random.u32();
}
