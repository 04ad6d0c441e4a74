import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoordinationError } from '../errors.ts';
import { defaultEnsembleLimits } from '../limits.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { decodeOp, decodeSystemOp } from './op-decode.ts';
import { encodeOp, encodeSystemOp, limitNames } from './op-encode.ts';
import type { Op, SingleOp, SystemOp } from './op.ts';
import type { ValueSource } from './value.ts';
import { copySource, sourceOf } from './value-source.ts';

const path = fc.string({ unit: 'binary', maxLength: 60 });
const version = fc.oneof(fc.constant(-1), fc.maxSafeNat()).map((number) => Math.min(number, 2 ** 53 - 2));
const source = fc.uint8Array({ maxLength: 200 }).map(sourceOf);
const singleOps: fc.Arbitrary<SingleOp> = fc.oneof(
  fc.record({ kind: fc.constant('check' as const), path, version }),
  fc
    .record({
      kind: fc.constant('create' as const),
      path,
      value: source,
      createKind: fc.constantFrom('persistent', 'ephemeral', 'container', 'ttl'),
      sequential: fc.boolean(),
      ttlMs: fc.maxSafeNat(),
      parents: fc.constantFrom('none', 'persistent', 'container'),
      ifAbsent: fc.boolean(),
    })
    .map((op) => (op.createKind === 'ttl' ? op : { ...op, ttlMs: 0 })),
  fc.record({ kind: fc.constant('set' as const), path, value: source, version, create: fc.boolean() }),
  fc.record({
    kind: fc.constant('delete' as const),
    path,
    version,
    recursive: fc.boolean(),
    ifExists: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('compare' as const), path, expected: source, value: source }),
  fc.record({
    kind: fc.constant('increment' as const),
    path,
    by: fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    create: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('patch' as const), path, mzxid: fc.maxSafeNat(), patches: source }),
);
const ops: fc.Arbitrary<Op> = fc.oneof(
  { arbitrary: singleOps, weight: 6 },
  fc.constantFrom<Op>({ kind: 'noop' }, { kind: 'close' }),
  fc.array(singleOps, { maxLength: 6 }).map((inside): Op => ({ kind: 'multi', ops: inside, byteCount: 0 })),
);
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const systemOps: fc.Arbitrary<SystemOp> = fc.oneof(
  fc.record({ kind: fc.constant('configure' as const), limits: fc.constant(defaultEnsembleLimits) }),
  fc.record({
    kind: fc.constant('open-session' as const),
    secretHash: hash,
    timeoutMs: fc.constantFrom(0, 1, 1.5, Infinity),
  }),
  fc.record({
    kind: fc.constant('resume-session' as const),
    sessionId: fc.maxSafeNat(),
    secretHash: hash,
    heldBy: fc.maxSafeNat(),
  }),
  fc.record({
    kind: fc.constant('expire-session' as const),
    sessionId: fc.maxSafeNat(),
    lastRequest: fc.maxSafeNat(),
  }),
  fc.record({ kind: fc.constant('end-session' as const), sessionId: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant('reap-container' as const), path, pzxid: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant('reap-ttl' as const), path, mzxid: fc.maxSafeNat() }),
);

function encode(op: Op): Uint8Array {
  const writer = new ByteWriter();
  encodeOp(writer, op);
  return writer.finish();
}

/** Decodes in the middle of other bytes, as in a batch. */
function decode(bytes: Uint8Array): Op {
  const body = Uint8Array.from([7, 7, ...bytes, 7, 7, 7, 7, 7, 7, 7, 7]);
  const reader = new ByteReader(body, 2);
  const op = decodeOp(reader, 2 + bytes.length);
  expect(reader.position).toBe(2 + bytes.length);
  return op;
}

/** Values as copies, byteCount as 0: what two equal ops have in common. */
function plain(op: Op): unknown {
  if (op.kind === 'multi') return { kind: 'multi', ops: op.ops.map(plain) };
  return Object.fromEntries(
    Object.entries(op).map(([name, field]: [string, unknown]) =>
      typeof field === 'object' ? [name, [...copySource(field as ValueSource)]] : [name, field],
    ),
  );
}

describe('ops', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(ops, (op) => {
        const bytes = encode(op);
        const decoded = decode(bytes);
        expect(plain(decoded)).toEqual(plain(op));
        expect(decoded.kind === 'multi' ? decoded.byteCount : bytes.length).toBe(bytes.length);
      }),
      { numRuns: 1_000 },
    );
  });

  it('keep their values where they lie', () => {
    const value = sourceOf(Uint8Array.of(1, 2, 3));
    const bytes = encode({ kind: 'set', path: '/a', value, version: 0, create: false });
    const op = decodeOp(new ByteReader(bytes), bytes.length);
    expect(op.kind === 'set' && op.value.source === bytes).toBe(true);
  });

  it('are invalid, and nothing is thrown, for any other bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.integer({ min: 0, max: 10 }), fc.uint8Array({ maxLength: 30 })).map(([code, rest]) => {
        return Uint8Array.from([code, ...rest]);
      }),
    );
    fc.assert(
      fc.property(bytes, (candidate) => {
        const op = decode(candidate);
        // One op has one form, except for a noop, which ignores what follows it.
        expect(op.kind === 'invalid' || op.kind === 'noop' ? candidate : encode(op)).toEqual(candidate);
      }),
      { numRuns: 10_000 },
    );
  });

  it('are invalid when they are cut short or something follows', () => {
    fc.assert(
      fc.property(ops, fc.nat(), (op, cut) => {
        const bytes = encode(op);
        fc.pre(op.kind !== 'noop');
        expect(decode(bytes.subarray(0, cut % bytes.length)).kind).toBe('invalid');
        expect(decode(Uint8Array.from([...bytes, 0])).kind).toBe('invalid');
      }),
    );
  });

  const invalid: readonly (readonly [string, string])[] = [
    ['no bytes', ''],
    ['an unknown opcode', '0a'],
    ['a multi inside a multi', '0801080100'],
    ['a noop inside a multi', '080300 0000'],
    ['a multi that claims too many ops', '08ffffffff0f'],
    ['a path of 1,025 bytes', `01 8108 ${'61'.repeat(1_025)} 00`],
    ['an unknown flag of set', '03016102 00 01c0'],
    ['an unknown kind of parents', '02016118 01c0'],
    ['an increment by -0', '060161 04 00'],
    ['a bigint with the flag of a negative number', '060161 06 0000000000000000'],
    ['a version of 2^53', '010161 8080808080808010'],
    ['a value beyond the command', '03016100 00 05c0'],
  ];
  for (const [name, hex] of invalid) {
    it(`are invalid with ${name}`, () => {
      const op = decode(Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex')));
      expect(op).toEqual({ kind: 'invalid', reason: expect.any(String) });
    });
  }

  const refused: readonly (readonly [string, Op])[] = [
    ['a version below -1', { kind: 'check', path: '/a', version: -2 }],
    ['a version that is no integer', { kind: 'check', path: '/a', version: 0.5 }],
    ['a path with a lone surrogate', { kind: 'check', path: '/\ud800', version: 0 }],
    ['a fraction as increment', { kind: 'increment', path: '/a', by: 0.5, create: false }],
    ['NaN as increment', { kind: 'increment', path: '/a', by: Number.NaN, create: false }],
    ['a bigint beyond 64 bits', { kind: 'increment', path: '/a', by: 2n ** 63n, create: false }],
  ];
  for (const [name, op] of refused) {
    it(`cannot be encoded with ${name}`, () => expect(() => encode(op)).toThrow(CoordinationError));
  }
});

describe('system ops', () => {
  function decodeSystem(bytes: Uint8Array): SystemOp {
    const body = Uint8Array.from([7, ...bytes, 7, 7, 7, 7, 7, 7, 7, 7]);
    const reader = new ByteReader(body, 1);
    const op = decodeSystemOp(reader, 1 + bytes.length);
    expect(reader.position).toBe(1 + bytes.length);
    return op;
  }

  function encodeSystem(op: SystemOp): Uint8Array {
    const writer = new ByteWriter();
    encodeSystemOp(writer, op);
    return writer.finish();
  }

  it('come back as they were, and are invalid when cut short or longer', () => {
    fc.assert(
      fc.property(systemOps, fc.nat(), (op, cut) => {
        const bytes = encodeSystem(op);
        expect(decodeSystem(bytes)).toEqual(op);
        expect(decodeSystem(bytes.subarray(0, cut % bytes.length)).kind).toBe('invalid');
        expect(decodeSystem(Uint8Array.from([...bytes, 0])).kind).toBe('invalid');
      }),
      { numRuns: 500 },
    );
  });

  it('are invalid, and nothing is thrown, for any other bytes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8 }), fc.uint8Array({ maxLength: 120 }), (code, rest) => {
        const bytes = Uint8Array.from([code, ...rest]);
        const op = decodeSystem(bytes);
        expect(op.kind === 'invalid' ? bytes : encodeSystem(op)).toEqual(bytes);
      }),
      { numRuns: 5_000 },
    );
  });

  it('name every limit of the ensemble', () => {
    expect([...limitNames].sort()).toEqual(Object.keys(defaultEnsembleLimits).sort());
  });

  it('cannot be encoded with a secret hash of another length or a time that is no number', () => {
    const secretHash = new Uint8Array(31);
    expect(() => encodeSystem({ kind: 'resume-session', sessionId: 1, secretHash, heldBy: 1 })).toThrow(
      CoordinationError,
    );
    const timeoutMs = Number.NaN;
    expect(() => encodeSystem({ kind: 'open-session', secretHash: new Uint8Array(32), timeoutMs })).toThrow(
      CoordinationError,
    );
  });
});
