import { fc } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { CoordinationError } from '../errors.ts';
import { ByteWriter } from '../codec/bytes.ts';
import { hashBytes } from '../codec/hash.ts';
import { Machine } from './machine.ts';
import { beginFrame, FrameReader, sealFrame, writeSnapshotHeader } from './snapshot-frames.ts';
import { SnapshotReader } from './snapshot-reader.ts';
import { snapshotV1, snapshotV1InAnotherOrder } from './testing/snapshot-v1.golden.ts';
import { create, Driver, readAll, reborn, remove, restore, set, snapshotOf } from './testing/driver.ts';

/** Something of everything. */
function busy(): Driver {
  const driver = new Driver();
  driver.configure({ historyChangesMax: 6, containerGraceMs: 1_000 });
  const one = driver.open(1);
  const two = driver.open(2, Number.POSITIVE_INFINITY);
  const three = driver.open(3);
  driver.elapsedMs = 50;
  driver.send(one, [
    create('/a', { deep: [1, 2n, new Uint8Array([1, 2])] }),
    create('/a/é', 'x'.repeat(200)),
    create('/e', 1, { createKind: 'ephemeral' }),
    create('/t', 1, { createKind: 'ttl', ttlMs: 5_000 }),
    create('/c', 1, { createKind: 'container' }),
    set('/missing', 1),
  ]);
  driver.send(two, [create('/c/x'), remove('/c/x'), { kind: 'increment', path: '/n', by: 2, create: true }], {
    acknowledgedThrough: 0,
  });
  driver.send(two, [set('/n', 4)], { acknowledgedThrough: 2 });
  driver.send(three, [{ kind: 'close' }]);
  return driver;
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter();
  for (const chunk of chunks) writer.bytes(chunk);
  return writer.finish();
}

/** The error that reading these bytes gives; undefined if there is none. */
function failureOf(bytes: Uint8Array): CoordinationError | undefined {
  try {
    restore([bytes]);
    return undefined;
  } catch (error) {
    if (error instanceof CoordinationError) return error;
    throw error;
  }
}

describe('a snapshot', () => {
  test('of an empty machine restores an empty machine', () => {
    const machine = new Machine();
    const restored = reborn(machine);
    expect(restored.digest()).toBe(machine.digest());
    expect(restored.digest()).toMatch(/^[0-9a-f]{16}$/);
    expect([restored.zxid, restored.appliedIndex, restored.tree.size]).toEqual([0, 0, 1]);
    restored.validate();
  });

  test('restores everything, whatever the size of its chunks', () => {
    const { machine } = busy();
    for (const chunkBytes of [1, 64, 500, 65_536]) {
      const restored = reborn(machine, chunkBytes);
      expect(restored.digest()).toBe(machine.digest());
      expect(restored.sessions()).toEqual(machine.sessions());
      expect(restored.limits).toEqual(machine.limits);
      expect(restored.oldestZxid).toBe(machine.oldestZxid);
      const { zxid, appliedIndex, wallMs, elapsedMs, configured } = machine;
      expect(restored).toMatchObject({ zxid, appliedIndex, wallMs, elapsedMs, configured });
      restored.validate();
    }
  });

  test('is read the same however its bytes are cut on their way', () => {
    const { machine } = busy();
    const bytes = join(snapshotOf(machine, 300));
    for (const pieceBytes of [1, 7, 301, bytes.length]) {
      const reader = new SnapshotReader();
      const scratch = new Uint8Array(pieceBytes);
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        const piece = bytes.subarray(at, at + pieceBytes);
        // The reader must not keep what it was lent.
        scratch.set(piece);
        reader.push(scratch.subarray(0, piece.length));
        scratch.fill(0xaa);
      }
      expect(reader.finish().digest()).toBe(machine.digest());
    }
  });

  test('of a restored machine has the same content', () => {
    const { machine } = busy();
    expect(reborn(reborn(reborn(machine))).digest()).toBe(machine.digest());
  });

  test('is not disturbed by what happens to sessions while it is written', () => {
    const driver = busy();
    const before = driver.machine.digest();
    const writer = driver.machine.beginSnapshot(40);
    const [one, two] = driver.machine.sessions();
    driver.apply(driver.batch(one?.sessionId ?? 0, [create('/late')], { acknowledgedThrough: 6 }));
    driver.apply(driver.batch(one?.sessionId ?? 0, [{ kind: 'close' }]));
    driver.system({ kind: 'end-session', sessionId: two?.sessionId ?? 0 });
    driver.open(9);
    const restored = restore(readAll(writer));
    expect(writer.digest).toBe(before);
    expect(restored.digest()).toBe(before);
    expect(restored.sessions().map(({ sessionId }) => sessionId)).toEqual([one?.sessionId, two?.sessionId]);
    expect(driver.machine.digest()).not.toBe(before);
    driver.machine.validate();
  });

  test.each([
    ['small', 10],
    ['large', 90_000],
  ])('is not disturbed by what leaves the history while it is written, %s values', (_, length) => {
    const driver = new Driver();
    driver.configure({ historyChangesMax: 6 });
    const session = driver.open();
    const write = (count: number): void => {
      for (let at = 0; at < count; at += 1) driver.send(session, [set('/a', 'x'.repeat(length + at))]);
    };
    driver.send(session, [create('/a')]);
    write(9);
    const before = driver.machine.digest();
    const history = driver.machine.transactionsAfter(driver.machine.oldestZxid);
    const writer = driver.machine.beginSnapshot(40);
    write(9);
    const restored = restore(readAll(writer));
    expect(restored.digest()).toBe(before);
    expect(restored.transactionsAfter(restored.oldestZxid)).toMatchObject(
      Array.isArray(history) ? history.map(({ zxid }) => ({ zxid })) : [],
    );
    driver.machine.validate();
  });

  test('can be given up at any time, twice, and another one begun', () => {
    const driver = busy();
    const writer = driver.machine.beginSnapshot(10);
    expect(() => driver.machine.beginSnapshot(10)).toThrow('one snapshot');
    writer.next();
    writer.abort();
    writer.abort();
    expect(() => writer.next()).toThrow('read to its end once');
    expect(reborn(driver.machine, 10).digest()).toBe(driver.machine.digest());
  });

  test('is written in chunks of about the size that was asked for', () => {
    const driver = new Driver();
    const session = driver.open();
    for (let count = 0; count < 40; count += 1) {
      driver.send(
        session,
        Array.from({ length: 50 }, (_, at) => create(`/${count}-${at}`, 'x'.repeat(40))),
      );
    }
    const sizes = snapshotOf(driver.machine, 4_096).map(({ length }) => length);
    expect(sizes.length).toBeGreaterThan(20);
    expect(Math.max(...sizes)).toBeLessThan(4_096 + 1_000);
  });
});

describe('a snapshot of format version 1', () => {
  const bytesOf = (hexadecimal: string): Uint8Array =>
    Uint8Array.from(hexadecimal.match(/[0-9a-f]{2}/g) ?? [], (byte) => Number.parseInt(byte, 16));
  const golden = bytesOf(snapshotV1);

  test.each([
    ['as it is written now', golden],
    ['with its znodes in another order', bytesOf(snapshotV1InAnotherOrder)],
  ])('is read by this release, %s', (_, bytes) => {
    const machine = restore([bytes]);
    machine.validate();
    expect(machine.digest()).toBe(busy().machine.digest());
    expect(machine.sessions()).toEqual(busy().machine.sessions());
  });

  test('is what this release writes, byte for byte', () => {
    expect(join(snapshotOf(busy().machine, 400))).toEqual(golden);
  });
});

describe('a damaged snapshot', () => {
  const bytes = join(snapshotOf(busy().machine, 200));

  test('is intact before it is damaged', () => {
    expect(failureOf(bytes)).toBeUndefined();
  });

  test('is refused when it was cut anywhere', () => {
    for (let length = 0; length < bytes.length; length += 1) {
      expect(failureOf(bytes.subarray(0, length))?.code).toBe('CORRUPTED');
    }
  });

  test('is refused when something follows its end', () => {
    expect(failureOf(join([bytes, Uint8Array.of(0)]))?.code).toBe('CORRUPTED');
    expect(failureOf(join([bytes, bytes]))?.code).toBe('CORRUPTED');
  });

  test('is refused when any single bit of it is wrong', () => {
    const copy = bytes.slice();
    const unnoticed: number[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const at = bit >> 3;
      copy[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
      const failure = failureOf(copy);
      copy[at] = bytes[at] ?? 0;
      if (failure?.code !== 'CORRUPTED') unnoticed.push(bit);
    }
    expect(unnoticed).toEqual([]);
  });

  test('is refused when its frames are in another order, or one is missing or doubled', () => {
    const chunks = snapshotOf(busy().machine, 200);
    const [first, second, third, ...rest] = chunks;
    if (first === undefined || second === undefined || third === undefined)
      throw new TypeError('too few chunks');
    for (const damaged of [
      [first, third, second, ...rest],
      [first, third, ...rest],
      [first, second, second, third, ...rest],
    ]) {
      expect(failureOf(join(damaged))?.code).toBe('CORRUPTED');
    }
  });

  test('or any bytes at all give CORRUPTED and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), (pieces) => {
        expect(failureOf(join(pieces))?.code).toBe('CORRUPTED');
      }),
    );
  });

  test('whose hashes were made to fit is refused by what it says, or says the same', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat(2), (where, flip, count) => {
        const payloads = payloadsOf(bytes);
        for (let at = 0; at <= count; at += 1) {
          const payload = payloads[(where + at) % payloads.length];
          if (payload !== undefined)
            payload[where % payload.length] = (payload[where % payload.length] ?? 0) ^ flip;
        }
        const forged = forge(payloads);
        const outcome = failureOf(forged)?.code ?? restore([forged]).digest();
        expect(['CORRUPTED', restore([bytes]).digest()]).toContain(outcome);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a snapshot of another version', () => {
  test.each([
    [4, 'snapshot format version 9 is unknown'],
    [8, 'machine version 9 is unknown'],
  ])('is refused by name (field at %d)', (at, message) => {
    const header = join(snapshotOf(new Machine())).slice();
    header[at + 3] = 9;
    const writer = new ByteWriter();
    writer.bytes(header.subarray(0, 12));
    writer.u32(hashBytes(header, 0, 12, 0x5b_e0_cd_19) >>> 0);
    const failure = failureOf(writer.finish());
    expect(failure?.code).toBe('UNSUPPORTED_VERSION');
    expect(failure?.message).toContain(message);
  });
});

test('a reader that has thrown is not used again', () => {
  const reader = new SnapshotReader();
  expect(() => reader.push(new Uint8Array(64))).toThrow(CoordinationError);
  expect(() => reader.finish()).toThrow('has thrown');
});

function payloadsOf(bytes: Uint8Array): Uint8Array[] {
  const frames = new FrameReader();
  frames.push(bytes);
  const payloads: Uint8Array[] = [];
  for (let payload = frames.next(); payload !== undefined; payload = frames.next()) payloads.push(payload);
  return payloads;
}

/** A snapshot of these payloads whose frames have the right hashes. */
function forge(payloads: readonly Uint8Array[]): Uint8Array {
  const chunks = payloads.map((payload, frameNumber) => {
    const writer = new ByteWriter();
    if (frameNumber === 0) writeSnapshotHeader(writer);
    const frameStart = beginFrame(writer);
    writer.bytes(payload);
    const bytes = writer.finish();
    sealFrame(bytes, frameStart, frameNumber);
    return bytes;
  });
  return join(chunks);
}
