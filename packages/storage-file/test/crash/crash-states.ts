/**
 * What a loss of power can leave, by the rules of the files port: of what was not synced, any part. A sector of 512
 * bytes holds what it held when it was durable or any of the contents that were written to it since; a file ends
 * anywhere between the last sector that is there and the end that it was given; of the changes of names any subset
 * happened; and the last write may end in the middle of a sector.
 *
 * Where that is few states all of them are built; where it is many: nothing, all, each alone, all but one, every
 * beginning, every end, and as many drawn ones as are asked for.
 */
import { sectorBytes } from '../../src/limits.ts';
import type { Files, Recorded } from './recorder.ts';

/** A disk after a crash, and what the storage had told its peer before. */
export interface CrashState {
  readonly files: Files;
  /** Of the disk alone: equal keys are equal disks. */
  readonly key: string;
  readonly isOpened: boolean;
  readonly acknowledgedCount: number;
  /** So many things had happened. */
  readonly moment: number;
}

export interface CrashStatesOptions {
  readonly recorded: readonly Recorded[];
  /** What was there, durably, when the recording began. */
  readonly files: Files;
  readonly numbers: ReadonlyMap<string, number>;
  /** States of one moment, at most. */
  readonly statesMax: number;
  /** The first moment to look at; default: the beginning. */
  readonly from?: number;
  /** 0 to 2^32 - 1. */
  readonly random: () => number;
}

type NameChange = Extract<Recorded, { kind: 'create' | 'rename' | 'remove' }>;

/** A piece of a write inside of one sector of one file. */
interface Piece {
  readonly id: number;
  readonly file: number;
  readonly position: number;
  readonly bytes: Uint8Array;
}

interface Durable {
  bytes: Uint8Array;
  /** Changes with the bytes. */
  version: number;
}

/** What of the pending things has happened. */
interface Choice {
  readonly pieces: readonly boolean[];
  readonly names: readonly boolean[];
  /** True: files have the sizes that they were given, whatever of their content is there. */
  readonly areGrown: boolean;
  /** Bytes of the last piece that is there; undefined: all. */
  readonly lastBytes: number | undefined;
}

export function* crashStates(options: CrashStatesOptions): Generator<CrashState> {
  const machine = new CrashMachine(options);
  const { from = 0 } = options;
  if (from === 0) yield* machine.states();
  for (const [at, recorded] of options.recorded.entries()) {
    machine.happen(recorded);
    // A sync and a word change what is certain, not what may be; the states of both are the next moment's too,
    // but here fewer of them are allowed.
    if (at + 1 >= from) yield* machine.states();
  }
}

class CrashMachine {
  readonly #options: CrashStatesOptions;
  readonly #durable = new Map<number, Durable>();
  #durableNames: Map<string, number>;
  #pieces: Piece[] = [];
  #names: NameChange[] = [];
  #piecesCount = 0;
  #isOpened = false;
  #acknowledgedCount = 0;
  #moment = 0;

  constructor(options: CrashStatesOptions) {
    this.#options = options;
    this.#durableNames = new Map(options.numbers);
    for (const [name, file] of options.numbers) {
      this.#durable.set(file, { bytes: options.files.get(name) ?? new Uint8Array(0), version: 0 });
    }
  }

  happen(recorded: Recorded): void {
    this.#moment += 1;
    switch (recorded.kind) {
      case 'create':
        this.#durable.set(recorded.file, { bytes: new Uint8Array(0), version: 0 });
        this.#names.push(recorded);
        break;
      case 'rename':
      case 'remove':
        this.#names.push(recorded);
        break;
      case 'write':
        this.#cut(recorded);
        break;
      case 'sync':
        this.#sync(recorded.file);
        break;
      case 'sync-directory':
        this.#durableNames = this.#namesWith(this.#names.map(() => true));
        this.#names = [];
        break;
      case 'note':
        if (recorded.text === 'opened') this.#isOpened = true;
        else this.#acknowledgedCount += 1;
        break;
    }
  }

  *states(): Generator<CrashState> {
    for (const choice of this.#choices()) {
      const names = this.#namesWith(choice.names);
      const contents = this.#contentsWith(choice, new Set(names.values()));
      const files = new Map<string, Uint8Array>();
      const parts: string[] = [];
      for (const [name, file] of names) {
        const content = contents.get(file);
        if (content === undefined) continue;
        files.set(name, content.bytes);
        parts.push(`${name}=${file}:${content.key}`);
      }
      const key = parts.sort().join(' ');
      const told = { isOpened: this.#isOpened, acknowledgedCount: this.#acknowledgedCount };
      yield { files, key, ...told, moment: this.#moment };
    }
  }

  #cut({ file, position, bytes }: { file: number; position: number; bytes: Uint8Array }): void {
    for (let start = 0; start < bytes.length; ) {
      const end = Math.min(bytes.length, start + sectorBytes - ((position + start) % sectorBytes));
      this.#piecesCount += 1;
      const piece = {
        id: this.#piecesCount,
        file,
        position: position + start,
        bytes: bytes.subarray(start, end),
      };
      this.#pieces.push(piece);
      start = end;
    }
  }

  #sync(file: number): void {
    const durable = this.#durable.get(file);
    if (durable === undefined) return;
    const pieces = this.#pieces.filter((piece) => piece.file === file);
    if (pieces.length === 0) return;
    durable.bytes = withPieces(durable.bytes, pieces, 0);
    durable.version = pieces.at(-1)?.id ?? durable.version;
    this.#pieces = this.#pieces.filter((piece) => piece.file !== file);
  }

  #namesWith(happened: readonly boolean[]): Map<string, number> {
    const names = new Map(this.#durableNames);
    for (const [at, change] of this.#names.entries()) {
      if (!(happened[at] ?? false)) continue;
      if (change.kind === 'create') names.set(change.name, change.file);
      else {
        const from = change.kind === 'rename' ? change.from : change.name;
        if (names.get(from) === change.file) names.delete(from);
        if (change.kind === 'rename') names.set(change.to, change.file);
      }
    }
    return names;
  }

  /** Of the files that have a name; what has none is not seen by anybody. */
  #contentsWith(
    { pieces: happened, areGrown, lastBytes }: Choice,
    named: ReadonlySet<number>,
  ): Map<number, { readonly bytes: Uint8Array; readonly key: string }> {
    const chosen = this.#pieces.filter((_piece, at) => happened[at]);
    const last = chosen.at(-1);
    if (last !== undefined && lastBytes !== undefined) {
      chosen[chosen.length - 1] = { ...last, bytes: last.bytes.subarray(0, lastBytes) };
    }
    const contents = new Map<number, { readonly bytes: Uint8Array; readonly key: string }>();
    for (const file of named) {
      const durable = this.#durable.get(file);
      if (durable === undefined) continue;
      const own = chosen.filter((piece) => piece.file === file);
      const given = this.#pieces.filter((piece) => piece.file === file);
      const sizeMin = areGrown ? given.reduce((size, piece) => Math.max(size, endOf(piece)), 0) : 0;
      const isSame = own.length === 0 && sizeMin <= durable.bytes.length;
      const bytes = isSame ? durable.bytes : withPieces(durable.bytes, own, sizeMin);
      const cutAt = own.at(-1) === chosen.at(-1) ? lastBytes : undefined;
      const key = `${durable.version},${bytes.length},${own.map(({ id }) => id).join('.')},${cutAt ?? ''}`;
      contents.set(file, { bytes, key });
    }
    return contents;
  }

  *#choices(): Generator<Choice> {
    const [pieces, names] = [this.#pieces.length, this.#names.length];
    const count = pieces + names;
    const { random, statesMax } = this.#options;
    if (2 ** (count + 1) <= statesMax) {
      for (let mask = 0; mask < 2 ** count; mask += 1) {
        const bits = Array.from({ length: count }, (_, at) => (mask & (1 << at)) !== 0);
        yield* both(bits, pieces);
      }
      yield* this.#torn();
      return;
    }
    let yielded = 0;
    for (const choice of this.#telling(count, pieces)) {
      yield choice;
      yielded += 1;
      if (yielded >= statesMax / 2) break;
    }
    yield* this.#torn();
    for (; yielded < statesMax; yielded += 1) {
      // The share is drawn as well: nearly nothing and nearly all are where bugs are.
      const share = random();
      const bits = Array.from({ length: count }, () => random() <= share);
      yield split(bits, pieces, random() % 2 === 0);
    }
  }

  /** Those that tell most, in the order of what they tell. */
  *#telling(count: number, pieces: number): Generator<Choice> {
    const bits = (of: (at: number) => boolean): boolean[] => Array.from({ length: count }, (_, at) => of(at));
    yield* both(
      bits(() => false),
      pieces,
    );
    yield split(
      bits(() => true),
      pieces,
      true,
    );
    yield* both(
      bits((at) => at < pieces),
      pieces,
    );
    yield* both(
      bits((at) => at >= pieces),
      pieces,
    );
    // From the end: what came last is what is new at this moment.
    for (let place = count - 1; place >= 0; place -= 1) {
      yield split(
        bits((at) => at !== place),
        pieces,
        true,
      );
      yield split(
        bits((at) => at === place),
        pieces,
        place % 2 === 0,
      );
      yield split(
        bits((at) => at < place),
        pieces,
        place % 2 === 1,
      );
      yield split(
        bits((at) => at > place),
        pieces,
        true,
      );
    }
  }

  /** All that was written before, and the last piece cut at telling places. */
  *#torn(): Generator<Choice> {
    const last = this.#pieces.at(-1);
    if (last === undefined) return;
    const { length } = last.bytes;
    const all = this.#pieces.map(() => true);
    const names = this.#names.map(() => true);
    const places = new Set([
      1,
      4,
      8,
      27,
      28,
      32,
      35,
      36,
      37,
      length >> 1,
      length - 8,
      length - 4,
      length - 1,
    ]);
    for (const lastBytes of places) {
      if (lastBytes > 0 && lastBytes < length) yield { pieces: all, names, areGrown: false, lastBytes };
    }
  }
}

function* both(bits: readonly boolean[], pieces: number): Generator<Choice> {
  yield split(bits, pieces, false);
  yield split(bits, pieces, true);
}

function split(bits: readonly boolean[], pieces: number, areGrown: boolean): Choice {
  return { pieces: bits.slice(0, pieces), names: bits.slice(pieces), areGrown, lastBytes: undefined };
}

function endOf({ position, bytes }: Piece): number {
  return position + bytes.length;
}

function withPieces(before: Uint8Array, pieces: readonly Piece[], sizeMin: number): Uint8Array {
  const size = pieces.reduce((most, piece) => Math.max(most, endOf(piece)), Math.max(before.length, sizeMin));
  const bytes = new Uint8Array(size);
  bytes.set(before);
  for (const { position, bytes: written } of pieces) bytes.set(written, position);
  return bytes;
}
