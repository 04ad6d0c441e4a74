/**
 * The tree against a model that is too simple to be wrong: a plain Map of records, copied whole where the tree
 * keeps undo steps and saved records. Any sequence of transactions, some taken back, with snapshots in slices
 * running beside them and a load of each snapshot, must agree with it.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeValue } from '../codec/value-encode.ts';
import { sourceOf } from '../codec/value-source.ts';
import { joinPath, nameOf, parentOf } from '../codec/path.ts';
import type { TreeSnapshot } from './snapshot.ts';
import { Tree, type Digest } from './tree.ts';
import { newRecord } from './new-znode.ts';
import { changed } from './testing/facts.ts';
import { withChild, withValue, type Stamp, type ZnodeRecord } from './znode-record.ts';

interface Write {
  readonly kind: 'insert' | 'insert-ephemeral' | 'replace' | 'remove';
  readonly path: string;
  readonly value: number;
}

type Step =
  | { readonly kind: 'transaction'; readonly writes: readonly Write[]; readonly isCommitted: boolean }
  | { readonly kind: 'slice'; readonly budget: number }
  | { readonly kind: 'give-up' };

const name = fc.constantFrom('a', 'b', 'B', 'a-', 'é');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`);
const write: fc.Arbitrary<Write> = fc.record({
  kind: fc.constantFrom('insert', 'insert', 'insert-ephemeral', 'replace', 'remove'),
  path,
  value: fc.nat({ max: 100_000 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('transaction' as const),
      writes: fc.array(write, { maxLength: 12 }),
      isCommitted: fc.boolean(),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant('slice' as const), budget: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('give-up' as const) }) },
);

class Model {
  records = new Map<string, ZnodeRecord>();

  sorted(): ZnodeRecord[] {
    return sortByPath(this.records.values());
  }

  childrenOf(parent: string): string[] {
    return [...this.records.keys()]
      .filter((other) => other !== '/' && parentOf(other) === parent)
      .map(nameOf)
      .toSorted();
  }

  belowCount(above: string): number {
    return [...this.records.keys()].filter((other) => other.startsWith(joinPath(above, ''))).length;
  }
}

function sortByPath(records: Iterable<ZnodeRecord>): ZnodeRecord[] {
  return [...records].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** Performs the write on both, if it is one that ops would let through. */
function perform(tree: Tree, model: Model, one: Write, stamp: Stamp): void {
  const { records } = model;
  const before = records.get(one.path);
  const parent = records.get(parentOf(one.path));
  const value = sourceOf(encodeValue(one.value));
  if (one.kind === 'replace' && before !== undefined) {
    const after = withValue(before, value, stamp);
    tree.replace(after);
    records.set(one.path, after);
  } else if (one.kind === 'remove' && before?.childrenCount === 0 && parent !== undefined) {
    tree.remove(one.path, stamp);
    records.delete(one.path);
    records.set(parent.path, withChild(parent, -1, stamp));
  } else if (one.kind.startsWith('insert') && before === undefined && parent?.owner === 0) {
    const isEphemeral = one.kind === 'insert-ephemeral';
    const owner = isEphemeral ? 1 + (one.value % 2) : 0;
    const createKind = isEphemeral ? 'ephemeral' : 'persistent';
    const created = newRecord({ path: one.path, value, createKind, ttlMs: 0, owner }, stamp);
    tree.insert(created);
    records.set(one.path, created);
    records.set(parent.path, withChild(parent, 1, stamp));
  }
}

function agree(tree: Tree, model: Model): void {
  tree.validate();
  expect(tree.size).toBe(model.records.size);
  expect(sortByPath(tree.walk('/'))).toEqual(model.sorted());
  for (const record of model.records.values()) {
    expect(tree.get(record.path)).toEqual(record);
    expect(tree.names(record.path, undefined, 100)).toEqual(model.childrenOf(record.path));
  }
  expect(tree.descendantsCount('/a')).toBe(model.belowCount('/a'));
  for (const owner of [1, 2]) {
    const owned = model.sorted().filter((record) => record.owner === owner);
    expect([...tree.ephemeralsOf(owner)].toSorted()).toEqual(owned.map((record) => record.path));
  }
}

function reload(records: readonly ZnodeRecord[]): Tree {
  const tree = new Tree();
  for (const record of records) tree.load(changed(record, {}));
  expect(tree.finishLoad()).toBeUndefined();
  tree.validate();
  return tree;
}

function same(actual: unknown, expected: unknown): void {
  expect(actual).toEqual(expected);
}

interface Running {
  readonly reader: TreeSnapshot;
  readonly expected: readonly ZnodeRecord[];
  readonly digest: Digest;
  readonly taken: ZnodeRecord[];
}

/** Tree and model side by side, with at most one snapshot under way. */
class Run {
  readonly #tree = new Tree();
  readonly #model = new Model();
  #running: Running | undefined = undefined;
  zxid = 0;

  constructor() {
    for (const record of this.#tree.walk('/')) this.#model.records.set('/', record);
  }

  transaction(writes: readonly Write[], isCommitted: boolean): void {
    this.zxid += 1;
    const stamp = {
      zxid: this.zxid,
      moment: { wallMs: 1_000 + this.zxid, elapsedMs: 5 * this.zxid },
    };
    const kept = new Map(this.#model.records);
    const { digest } = this.#tree;
    this.#tree.begin();
    for (const one of writes) perform(this.#tree, this.#model, one, stamp);
    if (isCommitted) {
      this.#tree.commit();
    } else {
      this.#tree.rollback();
      this.#model.records = kept;
      same(this.#tree.digest, digest);
    }
    agree(this.#tree, this.#model);
  }

  /** One slice of the snapshot under way, or of a new one. */
  slice(budget: number): void {
    this.#running ??= {
      expected: this.#model.sorted(),
      digest: this.#tree.digest,
      reader: this.#tree.beginSnapshot(),
      taken: [],
    };
    const { reader, expected, digest, taken } = this.#running;
    const slice = reader.next(budget);
    taken.push(...slice);
    if (slice.length > 0) return;
    this.#running = undefined;
    same(sortByPath(taken), expected);
    same(reload(taken).digest, digest);
  }

  giveUp(): void {
    this.#running?.reader.end();
    this.#running = undefined;
  }
}

test('any transactions, rollbacks and snapshots agree with a plain map', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const run = new Run();
      for (const one of steps) {
        if (one.kind === 'transaction') run.transaction(one.writes, one.isCommitted);
        else if (one.kind === 'slice') run.slice(one.budget);
        else run.giveUp();
      }
      expect(run.zxid).toBeLessThanOrEqual(steps.length);
    }),
    { numRuns: 300 },
  );
});
