/**
 * Quorum arithmetic: pure, for plain and joint memberships (Raft thesis 4.3). A joint membership has two sets
 * of voters, and whatever is decided needs a majority of each. Learners are in neither set.
 */
import { invariant } from '../invariant.ts';

/** The part of a membership that decides. `outgoing` is empty unless the membership is joint. */
export interface VoterSets {
  readonly voters: readonly string[];
  readonly outgoing: readonly string[];
}

/** Highest value that a majority of one set has reached; an empty set is no obstacle. */
function majorityValue(voters: readonly string[], valueOf: (voter: string) => number): number {
  if (voters.length === 0) return Number.POSITIVE_INFINITY;
  const values = voters.map(valueOf);
  let highest = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value > highest && 2 * countOfAtLeast(values, value) > values.length) highest = value;
  }
  return highest;
}

function countOfAtLeast(values: readonly number[], least: number): number {
  let count = 0;
  for (const value of values) if (value >= least) count += 1;
  return count;
}

/** Highest value that a quorum has reached (an index that may be committed, a round that is confirmed). */
export function quorumValue(sets: VoterSets, valueOf: (voter: string) => number): number {
  invariant(sets.voters.length > 0, 'a membership has a voter');
  return Math.min(majorityValue(sets.voters, valueOf), majorityValue(sets.outgoing, valueOf));
}

/** Highest value that every voter of both sets has reached. */
export function unanimousValue(sets: VoterSets, valueOf: (voter: string) => number): number {
  invariant(sets.voters.length > 0, 'a membership has a voter');
  let least = Number.POSITIVE_INFINITY;
  for (const voter of sets.voters) least = Math.min(least, valueOf(voter));
  for (const voter of sets.outgoing) least = Math.min(least, valueOf(voter));
  return least;
}

export type ElectionResult = 'won' | 'lost' | 'pending';

/** How many votes win: a quorum, or (at the founding) every single one. */
export type ElectionRule = 'quorum' | 'unanimous';

/** What the votes so far decide; votes of others than voters count nothing. */
export function electionResult(
  sets: VoterSets,
  votes: ReadonlyMap<string, boolean>,
  rule: ElectionRule,
): ElectionResult {
  const decide = rule === 'quorum' ? quorumValue : unanimousValue;
  if (decide(sets, (voter) => (votes.get(voter) === true ? 1 : 0)) === 1) return 'won';
  if (decide(sets, (voter) => (votes.get(voter) === false ? 0 : 1)) === 0) return 'lost';
  return 'pending';
}
