/**
 * Two members that dial each other at one moment make two connections; both must keep the same one. The rule:
 * the one that the member with the smaller id dialled wins. It must not cost liveness: a member that dials
 * although there is a connection may have lost it without our knowing, and must not be turned away for ever.
 */

export interface Standing {
  /** Id of the member that dialled. */
  readonly diallerMember: string;
  /** The life of the other end's transport. */
  readonly life: string;
  /** When its handshake began here, as a count that only grows. */
  readonly beganAt: number;
  /** When it became the connection to this member here. */
  readonly establishedAt: number;
}

export type Candidacy = Omit<Standing, 'establishedAt'>;

/**
 * `keep`: the candidate loses. `swap`: it wins over a connection that is as alive: nothing is lost. `replace`: it
 * wins, and the present one is dead or of an earlier life of the member.
 */
export type Decision = 'keep' | 'swap' | 'replace';

export function decideTie(present: Standing, candidate: Candidacy, smaller: string): Decision {
  if (candidate.life !== present.life) return 'replace';
  // Whoever dials again has given up what he dialled before.
  if (candidate.diallerMember === present.diallerMember) return 'replace';
  if (candidate.diallerMember === smaller) return 'swap';
  // The larger one gives up a dial that it has not confirmed when it accepts the smaller one's. So if the
  // handshake began after that was done here, the other end has lost it since.
  return candidate.beganAt > present.establishedAt ? 'replace' : 'keep';
}
