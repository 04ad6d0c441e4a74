/** Signs of life that were sent on this connection and are not confirmed yet. */

/** A session sends three in its time-out, and a connection on which none is confirmed is left before. */
const touchesMax = 16;

export class Touches {
  #lastId = 0;
  #sent: { readonly id: number; readonly sentAtMs: number }[] = [];

  /** When the oldest of them was sent; undefined: all are confirmed. */
  get oldestSentAtMs(): number | undefined {
    return this.#sent[0]?.sentAtMs;
  }

  /** One is sent now: its id. */
  sent(nowMs: number): number {
    this.#lastId += 1;
    this.#sent.push({ id: this.#lastId, sentAtMs: nowMs });
    if (this.#sent.length > touchesMax) this.#sent.shift();
    return this.#lastId;
  }

  /** This one was confirmed, and with it all before it: when it was sent. */
  confirmed(id: number): number | undefined {
    const touch = this.#sent.find((each) => each.id === id);
    this.#sent = this.#sent.filter((each) => each.id > id);
    return touch?.sentAtMs;
  }

  /** What the connection had not confirmed was perhaps never received. */
  lost(): void {
    this.#sent = [];
  }
}
