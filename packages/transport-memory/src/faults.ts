/** What a test may do to single frames. */
import { CoordinationError } from '@quorate/core';

/** A frame as it is sent. The bytes are not to be changed. */
export interface FrameInTransit {
  readonly from: string;
  readonly to: string;
  readonly bytes: Uint8Array;
}

/** `delayTurns`: held for so many turns of the event loop more than others, so that later frames overtake it. */
export type FaultDecision = 'deliver' | 'drop' | 'duplicate' | { readonly delayTurns: number };

/** Called once a frame, in the order of sending, so a seeded generator repeats its decisions. */
export type Faults = (frame: FrameInTransit) => FaultDecision;

/** Longest delay, in turns: a held frame keeps the network's turns going. */
export const delayTurnsMax = 100_000;

/** The same faults, with their decisions checked. */
export function checkedFaults(faults: Faults): Faults {
  return (frame) => {
    const decision = faults(frame);
    if (typeof decision === 'string') return decision;
    const { delayTurns } = decision;
    if (Number.isInteger(delayTurns) && delayTurns >= 0 && delayTurns <= delayTurnsMax) return decision;
    throw new CoordinationError('BAD_ARGUMENTS', {
      details: {
        argument: 'faults',
        reason: `delayTurns is ${delayTurns}, not an integer from 0 to ${delayTurnsMax}`,
      },
    });
  };
}
