/** Which links are cut. A cut outlives the peers at its ends: it holds for whoever starts under their ids. */

/**
 * `silent`: frames vanish and nobody is told, as in a real partition. `broken`: the connection breaks, and both
 * ends are told.
 */
export type Cut = 'silent' | 'broken';

export class Partitions {
  /** By sender, then by receiver. */
  readonly #cuts = new Map<string, Map<string, Cut>>();
  readonly #isolated = new Map<string, Cut>();

  /** Cuts the way from `from` to `to`; a later cut replaces an earlier one. */
  cut(from: string, to: string, cut: Cut): void {
    const cuts = this.#cuts.get(from) ?? new Map<string, Cut>();
    this.#cuts.set(from, cuts.set(to, cut));
  }

  /** Cuts all ways from and to `member`, also those to members that start later. */
  isolate(member: string, cut: Cut): void {
    this.#isolated.set(member, cut);
  }

  heal(): void {
    this.#cuts.clear();
    this.#isolated.clear();
  }

  /** Undefined: frames pass. */
  between(from: string, to: string): Cut | undefined {
    return this.#cuts.get(from)?.get(to) ?? this.#isolated.get(from) ?? this.#isolated.get(to);
  }
}
