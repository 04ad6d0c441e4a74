/**
 * Which worlds a mutant is put into. Most are looked for in those of every sweep. Some bugs can only show in a shape
 * that few seeds draw; these are looked for in seeds of that shape, so that the figures are not about the draw.
 * A profile takes away, as a reduction does; it adds no fault and no look at the inside.
 */
import type { Reduction } from '@quorate/simulator';

export const profiles: Readonly<Record<string, Reduction>> = {
  /** The seeds of every sweep. */
  sweep: {},
  /** One voter: all that depends on others alone is gone. */
  single: { membersMax: 1 },
};

export function reductionOf(profile: string | undefined, durationMs: number): Reduction {
  const reduction = profiles[profile ?? 'sweep'];
  if (reduction === undefined) throw new RangeError(`there is no profile ${profile}`);
  return { ...reduction, durationMs };
}
