/** A binary heap of distinct numbers: which time bucket comes first, among many that come and go. */

export class MinHeap {
  readonly #values: number[] = [];

  get size(): number {
    return this.#values.length;
  }

  /** The smallest value; undefined when empty. */
  get min(): number | undefined {
    return this.#values[0];
  }

  add(value: number): void {
    const values = this.#values;
    let at = values.length;
    values.push(value);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = values[parent] ?? value;
      if (above <= value) break;
      values[at] = above;
      at = parent;
    }
    values[at] = value;
  }

  /** Does nothing when empty. */
  removeMin(): void {
    const values = this.#values;
    const last = values.pop();
    if (last === undefined || values.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= values.length) break;
      const right = values[child + 1];
      if (right !== undefined && right < (values[child] ?? right)) child += 1;
      const below = values[child] ?? last;
      if (last <= below) break;
      values[at] = below;
      at = child;
    }
    values[at] = last;
  }
}
