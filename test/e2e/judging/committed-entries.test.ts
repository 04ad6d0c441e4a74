import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import type { Entry } from '@quorate/core/ports';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCommitted } from './committed-entries.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quorate-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const entry = (index: number, term = 1): Entry => ({
  index,
  term,
  kind: 'commands',
  wallMs: 0,
  elapsedMs: 0,
  body: Uint8Array.of(index),
});

function write(name: string, entries: readonly Entry[], tail: Uint8Array = new Uint8Array()): void {
  const records = entries.flatMap((each) => {
    const bytes = serialize(each);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  writeFileSync(join(folder, `${name}.committed`), Buffer.concat([...records, tail]));
}

describe('what peers have committed', () => {
  it('is put together from all of their lives', () => {
    write('a-1', [entry(1), entry(2)]);
    write('b-1', [entry(2), entry(3)]);
    const { log, problems } = readCommitted(folder);
    expect(problems).toEqual([]);
    expect(log.map(({ index }) => index)).toEqual([1, 2, 3]);
  });

  it('may end with half a record where a process was killed', () => {
    write('a-1', [entry(1)], Uint8Array.of(200, 0, 0, 0, 1));
    expect(readCommitted(folder)).toMatchObject({ problems: [], log: [{ index: 1 }] });
  });

  it('must be the same everywhere, and without a gap', () => {
    write('a-1', [entry(1), entry(3)]);
    write('b-1', [entry(1, 2)]);
    expect(readCommitted(folder).problems).toEqual([
      'a-1.committed and b-1.committed differ at index 1',
      'nobody knows what was committed at index 2',
    ]);
  });
});
