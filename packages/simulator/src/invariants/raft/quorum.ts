/** Majorities as invariants count them: written again here, so that a mistake in core's arithmetic shows. */
import type { Membership } from '@quorate/core/inspect';

/** Whether more than half of each set of voters says yes. */
export function hasMajority(
  membership: Pick<Membership, 'voters' | 'outgoing'>,
  isYes: (voter: string) => boolean,
): boolean {
  return isMajority(membership.voters, isYes) && isMajority(membership.outgoing, isYes);
}

function isMajority(voters: readonly string[], isYes: (voter: string) => boolean): boolean {
  if (voters.length === 0) return true;
  let count = 0;
  for (const voter of voters) if (isYes(voter)) count += 1;
  return count * 2 > voters.length;
}
