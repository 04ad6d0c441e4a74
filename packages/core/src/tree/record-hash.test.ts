import { describe, expect, test } from 'vitest';
import { newRecord } from './new-znode.ts';
import { RecordHasher } from './record-hash.ts';
import { changed } from './testing/facts.ts';
import type { ZnodeFacts } from './new-znode.ts';
import type { ZnodeRecord } from './znode-record.ts';

const source = Uint8Array.from({ length: 24 }, (_, index) => index * 37);

const record = newRecord(
  { path: '/a', value: { source, start: 3, end: 14 }, createKind: 'persistent', ttlMs: 0, owner: 0 },
  { zxid: 2 ** 33 + 5, moment: { wallMs: 1_790_000_000_123, elapsedMs: 1_000.5 } },
);

function lanesOf(hasher: RecordHasher, one: ZnodeRecord): readonly number[] {
  const lanes = Int32Array.of(11, -12);
  hasher.hash(one, lanes);
  return [...lanes];
}

describe('the hash of a record', () => {
  test('is fixed, because replicas of different releases compare it', () => {
    expect(lanesOf(new RecordHasher(), record)).toEqual([-108_921_598, 1_747_491_675]);
  });

  test('is that of its value alone, wherever the bytes lie and whatever was hashed before', () => {
    const fresh = lanesOf(new RecordHasher(), record);
    const hasher = new RecordHasher();
    // One after the other: bytes that begin in the middle of their buffer, the same place of others, and back.
    const shifted = new Uint8Array(40).subarray(5);
    shifted.set(source.subarray(3, 14), 1);
    expect(lanesOf(hasher, changed(record, { value: { source: shifted, start: 1, end: 12 } }))).toEqual(
      fresh,
    );
    const other = changed(record, { value: { source: source.toReversed(), start: 3, end: 14 } });
    expect(lanesOf(hasher, other)).not.toEqual(fresh);
    expect(lanesOf(hasher, record)).toEqual(fresh);
  });

  test.each<[string, Partial<ZnodeFacts>]>([
    ['the high word of a zxid', { mzxid: record.mzxid + 2 ** 32 }],
    ['the low word of a zxid', { mzxid: record.mzxid + 1 }],
    ['when it was created', { ctime: record.ctime + 1 }],
    ['when it was changed', { mtime: record.mtime + 2 ** 32 }],
    ['the elapsed time', { elapsedMs: record.elapsedMs + 1 }],
    ['its version', { version: 1 }],
    ['its owner', { owner: 7 }],
    ['its kind', { createKind: 'container' }],
    ['the end of its value', { value: { source, start: 3, end: 13 } }],
  ])('has %s in either lane', (_, facts) => {
    const [low, high] = lanesOf(new RecordHasher(), record);
    const [otherLow, otherHigh] = lanesOf(new RecordHasher(), changed(record, facts));
    expect([otherLow === low, otherHigh === high]).toEqual([false, false]);
  });
});
