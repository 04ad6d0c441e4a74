/**
 * A file that several processes add to, in two steps: read, then write. It stands for anything outside of the
 * ensemble that a lock is to guard. Fenced, it refuses whoever comes with an older token than it has seen.
 */
export class CounterFile {
  readonly #isFenced: boolean;
  #value = 0;
  #tokenSeen = 0;

  constructor(isFenced: boolean) {
    this.#isFenced = isFenced;
  }

  get value(): number {
    return this.#value;
  }

  read(token: number): number | undefined {
    return this.#admits(token) ? this.#value : undefined;
  }

  /** True: written. */
  write(value: number, token: number): boolean {
    if (!this.#admits(token)) return false;
    this.#value = value;
    return true;
  }

  #admits(token: number): boolean {
    if (this.#isFenced && token < this.#tokenSeen) return false;
    this.#tokenSeen = Math.max(this.#tokenSeen, token);
    return true;
  }
}
