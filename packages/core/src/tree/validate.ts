/** Checks all derived state of a tree against its records, from nothing. For tests and simulators. */
import { invariant } from '../invariant.ts';
import type { CellStore } from './cell-store.ts';
import type { Cell } from './cell.ts';
import { joinPath, parentOf, pathProblem, rootPath } from '../codec/path.ts';
import { hashPath } from './path-slots.ts';
import { RecordHasher } from './record-hash.ts';
import type { ZnodeRecord } from './znode-record.ts';

/** Throws an InvariantViolation for the first thing that does not agree. */
export function validateStore(store: CellStore): void {
  let size = 0;
  let ephemeralsCount = 0;
  let digestLow = 0;
  let digestHigh = 0;
  // Asked for first: that settles the hashes of all cells.
  const { digestLow: storedLow, digestHigh: storedHigh } = store;
  const cursor = store.cursor();
  for (let cell = cursor.next(); cell !== undefined; cell = cursor.next()) {
    validateCell(store, cell);
    const { low, high } = freshHash(cell.record);
    digestLow = (digestLow + low) | 0;
    digestHigh = (digestHigh + high) | 0;
    size += 1;
    if (cell.record.owner !== 0) ephemeralsCount += 1;
  }
  invariant(size === store.size, 'the size is the number of cells', { size, stored: store.size });
  // Names are distinct and each has its cell, so as many names as cells means that every cell is named.
  invariant(size === store.root.descendantsCount + 1, 'every cell is below the root', { size });
  invariant(digestLow === storedLow, 'the low lane of the digest is the sum of the hashes');
  invariant(digestHigh === storedHigh, 'the high lane of the digest is the sum of the hashes');
  let listedCount = 0;
  for (const paths of store.owners().values()) {
    invariant(paths.size > 0, 'a session without ephemerals is not listed');
    listedCount += paths.size;
  }
  invariant(listedCount === ephemeralsCount, 'only ephemerals are listed', { listedCount, ephemeralsCount });
}

function validateCell(store: CellStore, cell: Cell): void {
  const { record, parent } = cell;
  const { path } = record;
  invariant(pathProblem(path) === undefined, 'a path is valid', { path });
  invariant(store.find(path) === cell, 'a cell is found by its path', { path });
  if (path === rootPath) {
    invariant(parent === undefined && cell === store.root, 'the root has no parent');
  } else {
    invariant(parent !== undefined && parent === store.find(parentOf(path)), 'a cell has its parent', {
      path,
    });
  }
  validateChildren(store, cell);
  invariant((record.owner !== 0) === (record.createKind === 'ephemeral'), 'ephemerals are owned', { path });
  invariant(record.owner === 0 || store.ephemeralsOf(record.owner).has(path), 'it is listed', { path });
  invariant(record.ttlMs > 0 === (record.createKind === 'ttl'), 'only a ttl has a time to live', { path });
  invariant(record.createCount >= record.childrenCount, 'children were created', { path });
  invariant(record.cversion >= record.createCount, 'cversion counts creations too', { path });
  const { low, high } = freshHash(record);
  invariant(low === cell.hashLow && high === cell.hashHigh, 'the hash is fresh', { path });
}

function validateChildren(store: CellStore, cell: Cell): void {
  const { record, names } = cell;
  const { path } = record;
  const count = names?.size ?? 0;
  invariant(names === undefined || count > 0, 'a leaf keeps no list of names', { path });
  invariant(record.childrenCount === count, 'a stat counts the children', { path, count });
  invariant(record.owner === 0 || count === 0, 'an ephemeral znode has no children', { path });
  let descendantsCount = 0;
  if (names !== undefined) {
    names.validate();
    for (const name of names) {
      const child = store.find(joinPath(path, name));
      invariant(child !== undefined && child.parent === cell, 'a named child exists', { path, name });
      descendantsCount += 1 + child.descendantsCount;
    }
  }
  invariant(descendantsCount === cell.descendantsCount, 'descendants are counted', {
    path,
    descendantsCount,
  });
}

/** Both lanes. */
function freshHash(record: ZnodeRecord): { readonly low: number; readonly high: number } {
  const lanes = new Int32Array(2);
  hashPath(record.path, lanes);
  new RecordHasher().hash(record, lanes);
  return { low: lanes[0] ?? 0, high: lanes[1] ?? 0 };
}
