import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BatchBuilder,
  decodeBatch,
  readBatchHeader,
  encodeSystemBatch,
  giveUpRequest,
  joinBatches,
  splitBatches,
  type SystemBatch,
} from './batch.ts';
import type { Op } from './op.ts';
import { encodeValue } from './value-encode.ts';
import { sourceOf } from './value-source.ts';

const header = { sessionId: 5, holder: 2, firstRequest: 10, acknowledgedThrough: 8 };
const system: SystemBatch = {
  kind: 'system',
  origin: 'a',
  incarnation: 7,
  ticket: 9,
  op: { kind: 'end-session', sessionId: 5 },
};

function check(path: string): Op {
  return { kind: 'check', path, version: 0 };
}

function batchOf(...ops: readonly Op[]): Uint8Array {
  const builder = new BatchBuilder();
  for (const op of ops) builder.add(op);
  return builder.finish(header);
}

function decodeWhole(bytes: Uint8Array): ReturnType<typeof decodeBatch> {
  return decodeBatch(bytes, 0, bytes.length);
}

describe('batches', () => {
  it('come back as they were', () => {
    expect(decodeWhole(batchOf(check('/a'), { kind: 'close' }))).toEqual({
      kind: 'session',
      ...header,
      ops: [check('/a'), { kind: 'close' }],
    });
    expect(decodeWhole(batchOf())).toEqual({ kind: 'session', ...header, ops: [] });
    expect(decodeWhole(encodeSystemBatch(system))).toEqual(system);
  });

  it('hold the largest numbers', () => {
    const largest = Number.MAX_SAFE_INTEGER;
    const numbers = { sessionId: largest, holder: largest, firstRequest: 1, acknowledgedThrough: largest };
    expect(decodeWhole(new BatchBuilder().finish(numbers))).toEqual({ kind: 'session', ...numbers, ops: [] });
    const batch = { ...system, incarnation: largest, ticket: largest };
    expect(decodeWhole(encodeSystemBatch(batch))).toEqual(batch);
  });

  it('are built without a trace of an op that could not be added', () => {
    const builder = new BatchBuilder();
    builder.add(check('/a'));
    const before = builder.byteLength;
    expect(() => builder.add({ kind: 'check', path: '/b', version: -2 })).toThrow(/BAD_ARGUMENTS/);
    expect([builder.count, builder.byteLength]).toEqual([1, before]);
    const bytes = builder.finish(header);
    expect(bytes).toEqual(batchOf(check('/a')));
    expect(bytes.length).toBe(before);
  });

  it('are built one after the other by one builder', () => {
    const builder = new BatchBuilder();
    builder.add(check('/a'));
    const first = builder.finish(header);
    const copy = first.slice();
    expect(builder.count).toBe(0);
    builder.add(check('/b'));
    expect(builder.finish(header)).toEqual(batchOf(check('/b')));
    expect(first).toEqual(copy);
  });

  it('answer a command that makes no sense with an invalid op and go on with the next', () => {
    const bytes = batchOf(check('/a'), check('/b'), check('/c'));
    const second = Buffer.from(bytes).indexOf('/b') - 2;
    bytes[second] = 99;
    expect(decodeWhole(bytes)).toMatchObject({
      ops: [check('/a'), { kind: 'invalid' }, check('/c')],
    });
  });

  it('are undefined when a version is unknown or the lengths do not add up', () => {
    for (const batch of [batchOf(check('/a')), encodeSystemBatch(system)]) {
      for (const [at, byte] of [
        [3, 200],
        [4, 2],
        [5, 3],
      ] as const) {
        const changed = batch.slice();
        changed[at] = byte;
        expect(decodeWhole(changed)).toBe(undefined);
      }
      expect(decodeBatch(batch, 0, batch.length - 1)).toBe(undefined);
      expect(decodeBatch(batch, 0, 0)).toBe(undefined);
    }
    const countAt = 41;
    for (const count of [0, 2, 255]) {
      const changed = batchOf(check('/a'));
      changed[countAt] = count;
      expect(decodeWhole(changed)).toBe(undefined);
    }
  });

  it('are read without a throw whatever the bytes are', () => {
    const good = batchOf(check('/a'), { kind: 'multi', ops: [], byteCount: 0 }, { kind: 'close' });
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 }), fc.nat(), (at, byte, cut) => {
        const changed = good.slice();
        changed[at] = byte;
        expect([undefined, 'session', 'system']).toContain(decodeWhole(changed)?.kind);
        expect(decodeBatch(changed, 0, cut % good.length)).toBe(undefined);
        expect(splitBatches(changed.subarray(cut % good.length)).length).toBeLessThan(good.length);
      }),
      { numRuns: 3_000 },
    );
  });

  it('turn a request that is given up into a noop and leave the others', () => {
    for (const request of [10, 11, 12]) {
      const bytes = batchOf(check('/a'), check('/b'), { kind: 'close' });
      const expected: Op[] = [check('/a'), check('/b'), { kind: 'close' }];
      expected[request - 10] = { kind: 'noop' };
      giveUpRequest(bytes, request);
      giveUpRequest(bytes, request);
      expect(decodeWhole(bytes)).toMatchObject({ ops: expected });
    }
    const bytes = batchOf(check('/a'));
    expect(() => giveUpRequest(bytes, 9)).toThrow(/invariant|request/);
    expect(() => giveUpRequest(bytes, 11)).toThrow(/request/);
  });
});

describe('bodies of entries', () => {
  const first = batchOf(check('/a'));
  const second = encodeSystemBatch(system);

  it('are the batch itself when there is one', () => {
    expect(joinBatches([first])).toBe(first);
    expect(joinBatches([])).toEqual(new Uint8Array(0));
  });

  it('are split where they were joined', () => {
    const body = joinBatches([first, second, first]);
    const ranges = splitBatches(body);
    expect(ranges.map(({ start, end }) => body.slice(start, end))).toEqual([first, second, first]);
    expect(ranges.map(({ start, end }) => decodeBatch(body, start, end)?.kind)).toEqual([
      'session',
      'system',
      'session',
    ]);
    expect(splitBatches(new Uint8Array(0))).toEqual([]);
  });

  it('lose a tail that is no batch', () => {
    for (const tail of [[0], [0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 5, 1, 1], [255, 255, 255, 255, 1, 1]]) {
      const body = Uint8Array.from([...first, ...tail]);
      expect(splitBatches(body)).toEqual([{ start: 0, end: first.length }]);
    }
  });
});

describe('format version 1', () => {
  it('writes a session batch as these bytes', () => {
    const value = sourceOf(encodeValue({ b: 1, a: [null, -1.5, 'é', 5n, Uint8Array.of(255)] }));
    const bytes = batchOf(
      { kind: 'noop' },
      { kind: 'check', path: '/a', version: -1 },
      {
        kind: 'create',
        path: '/é',
        value,
        createKind: 'ttl',
        sequential: true,
        ttlMs: 300,
        parents: 'container',
        ifAbsent: true,
      },
      { kind: 'set', path: '/a', value, version: 4, create: true },
      { kind: 'delete', path: '/a', version: -1, recursive: true, ifExists: true },
      { kind: 'compare', path: '/a', expected: value, value },
      { kind: 'increment', path: '/a', by: -300, create: true },
      { kind: 'increment', path: '/a', by: -2n, create: false },
      { kind: 'patch', path: '/a', mzxid: 2 ** 40, patches: value },
      { kind: 'multi', ops: [{ kind: 'check', path: '/a', version: 0 }], byteCount: 0 },
      { kind: 'close' },
    );
    expect(Buffer.from(bytes).toString('hex')).toBe(
      [
        '0000013f010100000000000000050000000000000002000000000000000a00000000000000080000000b0000',
        '0001000000000501022f61000000002902032fc3a937ac022082a16195c0cbbff8000000000000a2c3a9d300',
        '00000000000005c401ffa162010000002703022f6101052082a16195c0cbbff8000000000000a2c3a9d30000',
        '000000000005c401ffa162010000000604022f6103000000004605022f612082a16195c0cbbff80000000000',
        '00a2c3a9d30000000000000005c401ffa162012082a16195c0cbbff8000000000000a2c3a9d3000000000000',
        '0005c401ffa162010000000706022f6105ac020000000d06022f6102fffffffffffffffe0000002b07022f61',
        '8080808080202082a16195c0cbbff8000000000000a2c3a9d30000000000000005c401ffa162010000000708',
        '0101022f61010000000109',
      ].join(''),
    );
  });

  it('writes system batches as these bytes', () => {
    const secretHash = Uint8Array.from({ length: 32 }, (_, index) => index);
    const hexOf = (op: SystemBatch['op']): string =>
      Buffer.from(encodeSystemBatch({ ...system, op })).toString('hex');
    expect([
      hexOf({ kind: 'open-session', secretHash, timeoutMs: Infinity }),
      hexOf({ kind: 'resume-session', sessionId: 300, secretHash, heldBy: 300 }),
      hexOf({ kind: 'expire-session', sessionId: 1, lastRequest: 2 }),
      hexOf({ kind: 'end-session', sessionId: 1 }),
      hexOf({ kind: 'reap-container', path: '/a', pzxid: 3 }),
      hexOf({ kind: 'reap-ttl', path: '/a', mzxid: 4 }),
    ]).toEqual([
      '00000041010200000000000000070000000000000009016102000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f7ff0000000000000',
      '0000003d010200000000000000070000000000000009016103ac02000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fac02',
      '0000001b0102000000000000000700000000000000090161040102',
      '0000001a01020000000000000007000000000000000901610501',
      '0000001d010200000000000000070000000000000009016106022f6103',
      '0000001d010200000000000000070000000000000009016107022f6104',
    ]);
  });

  it('writes values as these bytes', () => {
    const values = [
      null,
      true,
      127,
      128,
      65_536,
      -33,
      -32_769,
      2 ** 32,
      0.1,
      Number.NaN,
      -0,
      1n,
      'a',
      'é'.repeat(20),
    ];
    const hex = [
      ...values,
      Uint8Array.of(1),
      [1, 2],
      { 10: 1, 9: 2, a: { '\u{1f600}': 1, '\uffee': 2 } },
    ].map((value) => Buffer.from(encodeValue(value)).toString('hex'));
    expect(hex).toEqual([
      'c0',
      'c3',
      '7f',
      'cc80',
      'ce00010000',
      'd0df',
      'd2ffff7fff',
      'cb41f0000000000000',
      'cb3fb999999999999a',
      'cb7ff8000000000000',
      '00',
      'd30000000000000001',
      'a161',
      'd928c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9',
      'c40101',
      '920102',
      '83a2313001a13902a16182a3efbfae02a4f09f988001',
    ]);
  });
});

describe('readBatchHeader', () => {
  const noop = { kind: 'noop' } as const;

  function noops(count: number, numbers: Partial<typeof header> = {}): Uint8Array {
    const builder = new BatchBuilder();
    for (let at = 0; at < count; at += 1) builder.add(noop);
    return builder.finish({ ...header, ...numbers });
  }

  it('tells whose batch it is, and how many commands it has', () => {
    expect(readBatchHeader(noops(3))).toEqual({ ...header, count: 3 });
    expect(readBatchHeader(noops(0))).toEqual({ ...header, count: 0 });
  });

  it('knows nothing but one whole batch of a session', () => {
    const batch = noops(2);
    const op = { kind: 'end-session', sessionId: 5 } as const;
    const ofEnsemble = encodeSystemBatch({ kind: 'system', origin: 'a', incarnation: 1, ticket: 1, op });
    const twice = new Uint8Array([...batch, ...batch]);
    const otherVersion = batch.slice().fill(2, 4, 5);
    const moreCommands = batch.slice().fill(9, 41, 42);
    const fewerCommands = batch.slice().fill(1, 41, 42);
    const beyond = noops(2, { firstRequest: Number.MAX_SAFE_INTEGER });
    for (const bytes of [ofEnsemble, twice, otherVersion, moreCommands, fewerCommands, beyond]) {
      expect(readBatchHeader(bytes)).toBeUndefined();
    }
    for (let length = 0; length < batch.length; length += 1) {
      expect(readBatchHeader(batch.slice(0, length))).toBeUndefined();
    }
  });
});
