/** What a run asks of its world and the world cannot do. */
import { CoordinationError } from '@quorate/core';

/** `argument` names what is wrong, `reason` says what it should be. */
export function badArgument(argument: string, reason: string): CoordinationError {
  return new CoordinationError('BAD_ARGUMENTS', { details: { argument, reason } });
}
