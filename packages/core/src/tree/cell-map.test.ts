import { describe, expect, it } from 'vitest';
import { textLookupHash } from '../codec/text-hash.ts';
import { type Cell, cellOf } from './cell.ts';
import { CellMap } from './cell-map.ts';
import { inventedRecord } from './tree-load.ts';

const encode = (text: string): DataView => new DataView(new TextEncoder().encode(text).buffer);

function cellAt(path: string): Cell {
  return cellOf(inventedRecord(path));
}

function getByBytes(map: CellMap, path: string): Cell | undefined {
  const bytes = encode(`xx${path}yy`);
  return map.getByBytes(bytes, 2, bytes.byteLength - 2);
}

/** Paths whose hashes agree in so many bits that their entries all want the same place of one shard. */
function collidingPaths(count: number): readonly string[] {
  const bits = 0x7fff;
  const wanted = textLookupHash('/') & bits;
  const paths: string[] = [];
  for (let index = 0; paths.length < count; index += 1) {
    const path = `/c${index}`;
    if ((textLookupHash(path) & bits) === wanted) paths.push(path);
  }
  return paths;
}

/** The same numbers each time: a linear congruential generator. */
function below(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * bound);
  };
}

/** Adds and deletes at random beside a Map; returns what they disagree about. */
function disagreements(paths: readonly string[], stepsCount: number): readonly string[] {
  const map = new CellMap();
  const model = new Map<string, Cell>();
  const random = below(paths.length);
  const wrong: string[] = [];
  for (let step = 0; step < stepsCount; step += 1) {
    const path = paths[random(paths.length)] ?? '';
    if (model.delete(path)) map.delete(path);
    else {
      const cell = cellAt(path);
      map.add(cell);
      model.set(path, cell);
    }
    const other = paths[random(paths.length)] ?? '';
    if (map.get(other) !== model.get(other)) wrong.push(`step ${step}: ${other}`);
  }
  for (const path of paths) {
    if (map.get(path) !== model.get(path)) wrong.push(path);
    // By its bytes one that found no place near to its own is not found; a wrong one never is.
    const byBytes = getByBytes(map, path);
    if (byBytes !== undefined && byBytes !== model.get(path)) wrong.push(`the bytes of ${path}`);
  }
  const met: Cell[] = [];
  const cursor = map.cursor();
  for (let cell = cursor.next(); cell !== undefined; cell = cursor.next()) {
    met.push(cell);
    if (model.get(cell.path) !== cell) wrong.push(`met ${cell.path}`);
  }
  if (met.length !== model.size || map.size !== model.size) wrong.push('the size');
  return wrong;
}

describe('the map of cells', () => {
  it('holds what a Map would, whatever comes and goes', () => {
    const paths = Array.from({ length: 3_000 }, (_, index) => `/n${index % 7}/leaf-${index}`);
    expect(disagreements(paths, 30_000)).toEqual([]);
  });

  it('holds what a Map would when it is cut into shards', () => {
    const paths = Array.from({ length: 20_000 }, (_, index) => `/n${index % 7}/leaf-${index}`);
    expect(disagreements(paths, 40_000)).toEqual([]);
  });

  it('keeps paths whose hashes collide when it is cut into shards', () => {
    const map = new CellMap();
    const paths = collidingPaths(60);
    for (const path of paths) map.add(cellAt(path));
    for (let index = 0; index < 9_000; index += 1) map.add(cellAt(`/other-${index}`));
    expect(paths.every((path) => map.get(path)?.path === path)).toBe(true);
    for (const path of paths) map.delete(path);
    expect(paths.filter((path) => map.get(path) !== undefined)).toEqual([]);
    expect(map.get('/other-8999')?.path).toBe('/other-8999');
  });

  it('holds what a Map would of paths whose hashes collide', () => {
    expect(disagreements(collidingPaths(60), 5_000)).toEqual([]);
  });

  it('passes over few entries however many hashes collide', () => {
    const map = new CellMap();
    const paths = collidingPaths(60);
    for (const path of paths) map.add(cellAt(path));
    // Those near to their own place, and no more: the others went to a Map.
    const found = paths.filter((path) => getByBytes(map, path) !== undefined);
    expect(found.length).toBe(32);
    expect(paths.every((path) => map.get(path)?.path === path)).toBe(true);
  });

  it('finds every ASCII path by its bytes while no hashes collide', () => {
    const map = new CellMap();
    const paths = Array.from({ length: 5_000 }, (_, index) => `/queue/item-${index}`);
    for (const path of paths) map.add(cellAt(path));
    expect(paths.every((path) => getByBytes(map, path)?.path === path)).toBe(true);
    expect(getByBytes(map, '/queue/item-5000')).toBeUndefined();
  });

  it('never takes bytes beyond ASCII for the text that has their codes', () => {
    const map = new CellMap();
    map.add(cellAt('/Ã©'));
    // The bytes of the first are the codes of the second.
    expect(getByBytes(map, '/é')).toBeUndefined();
    expect(map.get('/Ã©')?.path).toBe('/Ã©');
  });

  it('meets every cell once while others come and go, and the index grows', () => {
    const map = new CellMap();
    const old = Array.from({ length: 2_000 }, (_, index) => cellAt(`/old-${index}`));
    for (const cell of old) map.add(cell);
    const cursor = map.cursor();
    const met = new Map<Cell, number>();
    let added = 0;
    for (let cell = cursor.next(); cell !== undefined; cell = cursor.next()) {
      met.set(cell, (met.get(cell) ?? 0) + 1);
      if (added === 3_000) continue;
      for (let index = 0; index < 3; index += 1, added += 1) map.add(cellAt(`/new-${added}`));
      if (added % 2 === 0) map.delete(`/new-${added - 1}`);
    }
    expect(old.every((cell) => met.get(cell) === 1)).toBe(true);
    expect([...met.values()].every((count) => count === 1)).toBe(true);
  });

  it('refuses a taken path and a missing one', () => {
    const map = new CellMap();
    map.add(cellAt('/a'));
    expect(() => map.add(cellAt('/a'))).toThrow('a cell is added at a free path');
    expect(() => map.delete('/b')).toThrow('a cell that is deleted is there');
    expect(map.size).toBe(1);
  });
});
