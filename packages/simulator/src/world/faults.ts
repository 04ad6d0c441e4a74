/** What a world does to those who live in it, counted by kind. */

const faultKinds = [
  'loss',
  'duplicate',
  'reorder',
  'corrupt',
  'replay',
  'overflow',
  'cut',
  'clog',
  'break',
  'crash',
  'power-loss',
  'wipe',
  'pause',
  'stall',
  'clock-rate',
  'clock-jump',
  'write-failed',
  'read-failed',
  'write-lost',
  'write-torn',
  'write-survived',
  'unsynced-lost',
  'sync-failed',
  'sync-lost',
  'name-failed',
  'disk-full',
  'bit-rot',
] as const;

/** One kind of fault. */
export type FaultKind = (typeof faultKinds)[number];

/** How often each kind of fault took effect. */
export type FaultCounts = Readonly<Record<FaultKind, number>>;

/** Nothing took effect. */
export const noFaults: FaultCounts = Object.freeze(
  Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as Record<FaultKind, number>,
);

export class FaultCounter {
  readonly #counts = new Map<FaultKind, number>();

  add(kind: FaultKind): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  read(): FaultCounts {
    const pairs = faultKinds.map((kind) => [kind, this.#counts.get(kind) ?? 0] as const);
    return Object.fromEntries(pairs) as Record<FaultKind, number>;
  }
}
