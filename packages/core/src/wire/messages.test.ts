import { fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { InvariantViolation } from '../invariant.ts';
import type { Entry } from '../ports/entry.ts';
import type { Append } from '../raft/messages.ts';
import type { ReplicaMessage } from '../replica/contract.ts';
import { portableChecksum } from './crc32.ts';
import { decodeFrame, encodeFrame } from './frame.ts';
import type { MessageKind } from './kinds.ts';

const checksum = portableChecksum();

function roundTrip(message: ReplicaMessage): ReplicaMessage {
  return decodeFrame(encodeFrame(message, checksum), { to: message.to, checksum, frameBytesMax: 1_000_000 });
}

const count = fc.maxSafeNat();
const time = fc.oneof(fc.maxSafeNat(), fc.double({ min: 0, max: 2 ** 50, noNaN: true })).map((ms) => ms + 0);
const bytes = fc.uint8Array({ maxLength: 300 });
const memberId = fc.oneof(
  fc.string({ minLength: 1, maxLength: 256 }),
  fc.constantFrom('a', 'peer-1', 'ü'.repeat(256)),
  fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }),
);
const header = { from: memberId, to: memberId, term: count, incarnation: count };
const meta = fc.record({ index: count, term: count, elapsedMs: time, membership: bytes });
const sessions = fc.array(count, { maxLength: 50 });

function entriesAfter(previousIndex: number, previousTerm: number): fc.Arbitrary<readonly Entry[]> {
  const body = fc.record({
    step: fc.nat({ max: 2 }),
    kind: fc.constantFrom<Entry['kind']>('noop', 'membership', 'commands'),
    wallMs: time,
    elapsedMs: time,
    body: bytes,
  });
  return fc.array(body, { maxLength: 20 }).map((items) => {
    let term = previousTerm;
    return items.map(({ step, ...rest }, position) => {
      term += step;
      return { index: previousIndex + 1 + position, term, ...rest };
    });
  });
}

const append: fc.Arbitrary<Append> = fc
  .record({ previousIndex: fc.nat(), previousTerm: fc.nat() })
  .chain(({ previousIndex, previousTerm }) =>
    fc.record({
      ...header,
      kind: fc.constant('append' as const),
      term: fc.constant(previousTerm + 40),
      previousIndex: fc.constant(previousIndex),
      previousTerm: fc.constant(previousTerm),
      entries: entriesAfter(previousIndex, previousTerm),
      commitIndex: count,
      durableIndex: count,
      round: count,
    }),
  );

const arbitraries: { readonly [K in MessageKind]: fc.Arbitrary<Extract<ReplicaMessage, { kind: K }>> } = {
  append,
  probe: fc.record({ ...header, kind: fc.constant('probe'), empty: fc.boolean() }),
  'probe-reply': fc.record({
    ...header,
    kind: fc.constant('probe-reply'),
    empty: fc.boolean(),
    listed: fc.boolean(),
    founding: fc.option(bytes, { nil: undefined }),
  }),
  'pre-vote': fc.record({ ...header, kind: fc.constant('pre-vote'), lastIndex: count, lastTerm: count }),
  'pre-vote-reply': fc.record({ ...header, kind: fc.constant('pre-vote-reply'), granted: fc.boolean() }),
  vote: fc.record({
    ...header,
    kind: fc.constant('vote'),
    lastIndex: count,
    lastTerm: count,
    transfer: fc.boolean(),
  }),
  'vote-reply': fc.record({ ...header, kind: fc.constant('vote-reply'), granted: fc.boolean() }),
  'append-reply': fc.record({
    ...header,
    kind: fc.constant('append-reply'),
    accepted: fc.boolean(),
    matchIndex: count,
    hintIndex: count,
    hintTerm: count,
    previousIndex: count,
    round: count,
    admitted: fc.boolean(),
  }),
  'install-snapshot': fc.record({
    ...header,
    kind: fc.constant('install-snapshot'),
    meta,
    offset: fc.nat(),
    bytes,
    last: fc.boolean(),
    round: count,
  }),
  'install-snapshot-reply': fc.record({
    ...header,
    kind: fc.constant('install-snapshot-reply'),
    index: count,
    nextOffset: count,
    installed: fc.boolean(),
    round: count,
  }),
  'read-index': fc.record({ ...header, kind: fc.constant('read-index'), id: count }),
  'read-index-reply': fc.record({
    ...header,
    kind: fc.constant('read-index-reply'),
    id: count,
    index: fc.oneof(fc.constant(-1), count),
  }),
  'timeout-now': fc.record({ ...header, kind: fc.constant('timeout-now') }),
  propose: fc.record({
    ...header,
    kind: fc.constant('propose'),
    batches: fc.array(fc.record({ bytes, announceDurable: fc.boolean() }), { maxLength: 20 }),
  }),
  'propose-refused': fc.record({
    ...header,
    kind: fc.constant('propose-refused'),
    reason: fc.constantFrom('not-leader', 'overloaded'),
  }),
  touch: fc.record({ ...header, kind: fc.constant('touch'), id: count, sessions }),
  'touch-reply': fc.record({ ...header, kind: fc.constant('touch-reply'), id: count, sessions }),
  digest: fc.record({
    ...header,
    kind: fc.constant('digest'),
    index: count,
    digest: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => value.toString(16).padStart(16, '0')),
  }),
};

describe('messages', () => {
  for (const [kind, arbitrary] of Object.entries(arbitraries)) {
    it(`a ${kind} comes back as it was sent`, () => {
      fc.assert(
        fc.property(arbitrary as fc.Arbitrary<ReplicaMessage>, (message) => {
          expect(roundTrip(message)).toEqual(message);
        }),
      );
    });
  }

  const sample: Append = {
    kind: 'append',
    from: 'a',
    to: 'b',
    term: 3,
    incarnation: 1,
    previousIndex: 7,
    previousTerm: 2,
    entries: [],
    commitIndex: 7,
    durableIndex: 6,
    round: 1,
  };
  const entry: Entry = {
    index: 8,
    term: 3,
    kind: 'commands',
    wallMs: 1,
    elapsedMs: 2,
    body: Uint8Array.of(0xd9, 0xff, 0, 1),
  };

  it('bodies are the very bytes that were given, in one place of the frame, and alias it', () => {
    const frame = encodeFrame({ ...sample, entries: [entry] }, checksum);
    const message = decodeFrame(frame, { to: 'b', checksum, frameBytesMax: 1_000 }) as Append;
    const body = message.entries[0]?.body;
    expect(body).toEqual(entry.body);
    expect(Buffer.from(frame).includes(Buffer.from(entry.body))).toBe(true);
    expect(body?.buffer).toBe(frame.buffer);
  });

  it('a frame does not alias what it was made of', () => {
    const body = Uint8Array.of(1, 2, 3);
    const frame = encodeFrame({ ...sample, entries: [{ ...entry, body }] }, checksum);
    body.fill(9);
    const message = decodeFrame(frame, { to: 'b', checksum, frameBytesMax: 1_000 }) as Append;
    expect(message.entries[0]?.body).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('bodies of no bytes keep their places', () => {
    const empty = new Uint8Array(0);
    const entries = [
      { ...entry, body: empty },
      { ...entry, index: 9 },
      { ...entry, index: 10, body: empty },
    ];
    expect(roundTrip({ ...sample, entries })).toEqual({ ...sample, entries });
  });

  it('byte arrays come back plain, also from a subclass', () => {
    const frame = Buffer.from(encodeFrame({ ...sample, entries: [entry] }, checksum));
    const message = decodeFrame(frame, { to: 'b', checksum, frameBytesMax: 1_000 }) as Append;
    expect(Object.getPrototypeOf(message.entries[0]?.body)).toBe(Uint8Array.prototype);
  });

  it('an append whose entries leave a gap is a bug of its sender', () => {
    const gap = { ...sample, entries: [{ ...entry, index: 9 }] };
    expect(() => encodeFrame(gap, checksum)).toThrow(InvariantViolation);
    const future = { ...sample, entries: [{ ...entry, term: 4 }] };
    expect(() => encodeFrame(future, checksum)).toThrow(InvariantViolation);
    const past = { ...sample, entries: [{ ...entry, term: 1 }] };
    expect(() => encodeFrame(past, checksum)).toThrow(InvariantViolation);
  });
});
