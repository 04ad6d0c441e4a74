import { fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../codec/bytes.ts';
import type { StatFields } from '../codec/stat.ts';
import { CoordinationError } from '../errors.ts';
import type { SessionQuery } from '../codec/query.ts';
import { portableChecksum } from './crc32.ts';
import {
  SessionFrameReader,
  sessionFrameOverheadBytes,
  sessionFrameVersion,
  SessionFrameWriter,
} from './session-frame.ts';
import { sessionKindNumber } from './session-kinds.ts';
import { plainMessage } from './testing/plain-message.ts';
import type { EncodedAnswer, EncodedZnode, SessionAnswer, SessionRequest } from './session-messages.ts';

const checksum = portableChecksum();
const frameBytesMax = 1_000_000;
const newReader = (): SessionFrameReader => new SessionFrameReader(checksum, frameBytesMax);

const count = fc.maxSafeNat();
const bytes = fc.uint8Array({ maxLength: 60 });
const text = fc.string({ maxLength: 40, unit: 'grapheme' });
const amount = fc.oneof(fc.double({ min: 1, max: 2 ** 50, noNaN: true }), fc.constant(Infinity));
const value = bytes.map((source) => ({ source, start: 0, end: source.length }));
const stat: fc.Arbitrary<StatFields> = fc.record({
  czxid: count,
  mzxid: count,
  pzxid: count,
  ctime: fc.nat(),
  mtime: fc.nat(),
  version: count,
  cversion: count,
  aversion: count,
  owner: count,
  dataLength: count,
  childrenCount: count,
});
const znode: fc.Arbitrary<EncodedZnode> = fc.record({ stat, value });
const optionalZnode = fc.option(znode, { nil: undefined });
const failure = {
  code: fc.constantFrom('NO_NODE' as const, 'FATAL' as const, 'WATCH_OVERFLOW' as const),
  details: fc.record({ path: text, measured: count }, { requiredKeys: [] }),
};
const page = {
  path: text,
  after: fc.option(text, { nil: undefined }),
  limit: fc.option(count, { nil: undefined }),
};

function kindIs<K extends string>(kind: K): fc.Arbitrary<K> {
  return fc.constant(kind);
}

const query: fc.Arbitrary<SessionQuery> = fc.oneof(
  fc.record({ kind: kindIs('barrier') }),
  fc.record({ kind: kindIs('get'), path: text }),
  fc.record({ kind: kindIs('get-many'), paths: fc.array(text, { maxLength: 5 }) }),
  fc.record({ kind: kindIs('children'), ...page }),
  fc.record({ kind: kindIs('list'), ...page }),
  fc.record({ kind: kindIs('count'), path: text }),
  fc.record({ kind: kindIs('ephemerals'), under: text }),
);

const greeting = { ensemble: text, frameBytesMax: count };

const requests: { readonly [K in SessionRequest['kind']]: fc.Arbitrary<SessionRequest & { kind: K }> } = {
  open: fc.record({
    kind: kindIs('open'),
    ...greeting,
    secretHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    timeoutMs: amount,
  }),
  resume: fc.record({ kind: kindIs('resume'), ...greeting, sessionId: count, secret: bytes }),
  attach: fc.record({
    kind: kindIs('attach'),
    ...greeting,
    sessionId: count,
    secret: bytes,
    holder: count,
    zxid: count,
    wantsDurable: fc.boolean(),
  }),
  submit: fc.record({ kind: kindIs('submit'), announceDurable: fc.boolean(), bytes }),
  read: fc.record({
    kind: kindIs('read'),
    id: count,
    afterRequest: count,
    consistency: fc.constantFrom('session' as const, 'linearizable' as const),
    query,
  }),
  watch: fc.record({
    kind: kindIs('watch'),
    id: count,
    afterRequest: count,
    path: text,
    scope: fc.constantFrom('node' as const, 'children' as const, 'subtree' as const),
    from: fc.option(count, { nil: undefined }),
  }),
  'cancel-read': fc.record({ kind: kindIs('cancel-read'), id: count }),
  unwatch: fc.record({ kind: kindIs('unwatch'), id: count }),
  touch: fc.record({ kind: kindIs('touch'), id: count }),
  ping: fc.record({ kind: kindIs('ping'), id: count }),
};

const readAnswer: fc.Arbitrary<EncodedAnswer> = fc.oneof(
  fc.record({ kind: kindIs('barrier') }),
  fc.record({ kind: kindIs('znode'), znode: optionalZnode }),
  fc.record({ kind: kindIs('znodes'), znodes: fc.array(optionalZnode, { maxLength: 4 }) }),
  fc.record({ kind: kindIs('names'), names: fc.array(text, { maxLength: 4 }) }),
  fc.record({ kind: kindIs('listing'), items: fc.array(fc.record({ name: text, znode }), { maxLength: 4 }) }),
  fc.record({ kind: kindIs('count'), count }),
  fc.record({ kind: kindIs('failed'), ...failure }),
);
const reply = fc.record({
  zxid: count,
  result: fc.oneof(
    fc.record({ kind: kindIs('none') }),
    fc.record({ kind: kindIs('stat'), stat }),
    fc.record({ kind: kindIs('error'), ...failure }),
  ),
});
const change = fc
  .record({ path: text, before: optionalZnode, after: optionalZnode })
  .filter(({ before, after }) => before !== undefined || after !== undefined);

const answers: { readonly [K in SessionAnswer['kind']]: fc.Arbitrary<SessionAnswer & { kind: K }> } = {
  welcome: fc.record({
    kind: kindIs('welcome'),
    sessionId: count,
    timeoutMs: amount,
    holder: count,
    nextRequest: count,
    zxid: count,
    limits: fc.record({
      valueBytesMax: count,
      frameBytesMax: count,
      sessionRequestsInFlightMax: count,
      sessionBytesInFlightMax: count,
      watchesPerSessionMax: count,
    }),
  }),
  refused: fc.record({ kind: kindIs('refused'), ...failure }),
  replies: fc.record({
    kind: kindIs('replies'),
    firstRequest: fc.nat(),
    index: count,
    seenZxid: count,
    replies: fc.array(reply, { maxLength: 5 }),
  }),
  durable: fc.record({ kind: kindIs('durable'), index: count }),
  reachable: fc.record({ kind: kindIs('reachable'), isReachable: fc.boolean() }),
  confirmed: fc.record({ kind: kindIs('confirmed'), id: count }),
  ended: fc.record({
    kind: kindIs('ended'),
    code: fc.constantFrom('SESSION_EXPIRED' as const, 'SESSION_CLOSED' as const),
  }),
  answer: fc.record({ kind: kindIs('answer'), id: count, zxid: count, seenZxid: count, answer: readAnswer }),
  page: fc.record({
    kind: kindIs('page'),
    id: count,
    zxid: count,
    isLast: fc.boolean(),
    znodes: fc.array(fc.record({ path: text, znode }), { maxLength: 4 }),
  }),
  resumed: fc.record({ kind: kindIs('resumed'), id: count, zxid: count }),
  changes: fc.record({
    kind: kindIs('changes'),
    id: count,
    zxid: count,
    isLast: fc.boolean(),
    changes: fc.array(change, { maxLength: 4 }),
  }),
  'watch-failed': fc.record({ kind: kindIs('watch-failed'), id: count, ...failure }),
  pong: fc.record({ kind: kindIs('pong'), id: count, seenZxid: count }),
};

describe('session frames', () => {
  for (const [kind, arbitrary] of Object.entries(requests)) {
    it(`a ${kind} is read as it was written`, () => {
      const property = fc.property(arbitrary as fc.Arbitrary<SessionRequest>, (request) => {
        const frame = new SessionFrameWriter(checksum).request(request);
        expect(plainMessage(newReader().request(frame))).toEqual(plainMessage(request));
      });
      fc.assert(property, { numRuns: 300 });
    });
  }

  for (const [kind, arbitrary] of Object.entries(answers)) {
    it(`a ${kind} is read as it was written`, () => {
      const property = fc.property(arbitrary as fc.Arbitrary<SessionAnswer>, (answer) => {
        const frame = new SessionFrameWriter(checksum).answer(answer);
        expect(plainMessage(newReader().answer(frame))).toEqual(plainMessage(answer));
      });
      fc.assert(property, { numRuns: 300 });
    });
  }

  it('a frame that is missing, doubled or moved is found', () => {
    const writer = new SessionFrameWriter(checksum);
    const frames = [1, 2, 3].map((id) => writer.request({ kind: 'ping', id }));
    const [first, second, third] = frames as [Uint8Array, Uint8Array, Uint8Array];
    for (const arrived of [[first, third], [first, first], [second]]) {
      const reader = newReader();
      const codes = arrived.map((frame) => refusalOf(() => reader.request(frame)));
      expect(codes.at(-1)).toBe('UNAVAILABLE');
    }
    const reader = newReader();
    for (const frame of frames) reader.request(frame);
  });

  it('a peer takes no answer for a request, and a session no request for an answer', () => {
    const request = new SessionFrameWriter(checksum).request({ kind: 'ping', id: 1 });
    const answer = new SessionFrameWriter(checksum).answer({ kind: 'pong', id: 1, seenZxid: 0 });
    expect(refusalOf(() => newReader().answer(request))).toBe('PROTOCOL');
    expect(refusalOf(() => newReader().request(answer))).toBe('PROTOCOL');
  });

  it('another format version is refused by name', () => {
    const frame = new SessionFrameWriter(checksum).request({ kind: 'ping', id: 1 });
    frame[2] = sessionFrameVersion + 1;
    expect(refusalOf(() => newReader().request(frame))).toBe('UNSUPPORTED_VERSION');
  });

  it('a frame may be as long as the bound, and no longer', () => {
    const longest = new Uint8Array(1_000 - sessionFrameOverheadBytes - 1);
    const frame = new SessionFrameWriter(checksum).request({
      kind: 'submit',
      announceDurable: false,
      bytes: longest,
    });
    expect(new SessionFrameReader(checksum, 1_000).request(frame)).toMatchObject({ kind: 'submit' });
    expect(refusalOf(() => new SessionFrameReader(checksum, 999).request(frame))).toBe('PROTOCOL');
  });
});

describe('hostile session frames', () => {
  const anyRequest = fc.oneof(...Object.values(requests)) as fc.Arbitrary<SessionRequest>;
  const anyAnswer = fc.oneof(...Object.values(answers)) as fc.Arbitrary<SessionAnswer>;

  it('any bytes give a typed error', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 80 }), (frame) => {
      expect(refusalOf(() => newReader().request(frame))).toMatch(/^(PROTOCOL|UNSUPPORTED_VERSION)$/);
      expect(refusalOf(() => newReader().answer(frame))).toMatch(/^(PROTOCOL|UNSUPPORTED_VERSION)$/);
    });
    fc.assert(property, { numRuns: 5_000 });
  });

  it('a good frame with one bit turned or cut short gives a typed error', () => {
    const property = fc.property(anyRequest, fc.nat(), fc.boolean(), (request, place, isCut) => {
      const frame = new SessionFrameWriter(checksum).request(request);
      const at = place % frame.length;
      if (!isCut) frame[at] = (frame[at] ?? 0) ^ (1 << (place % 8));
      const hostile = isCut ? frame.subarray(0, at) : frame;
      expect(refusalOf(() => newReader().request(hostile))).toMatch(/^(PROTOCOL|UNSUPPORTED_VERSION)$/);
    });
    fc.assert(property, { numRuns: 5_000 });
  });

  it('a forged body under a right checksum gives a message or a typed error', () => {
    const bodies = fc.tuple(
      fc.nat({ max: 50 }),
      fc.oneof(fc.uint8Array({ maxLength: 60 }), bodyOf(anyAnswer)),
    );
    const property = fc.property(
      bodies,
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 }))),
      ([kind, body], edits) => {
        const edited = body.slice();
        for (const [place, byte] of edits) if (edited.length > 0) edited[place % edited.length] = byte;
        const frame = forge(kind, edited);
        expect(refusalOf(() => newReader().request(frame)) ?? 'PROTOCOL').toBe('PROTOCOL');
        expect(refusalOf(() => newReader().answer(frame)) ?? 'PROTOCOL').toBe('PROTOCOL');
      },
    );
    fc.assert(property, { numRuns: 20_000 });
  });

  it('a count that claims four billion parts allocates nothing', () => {
    const writer = new ByteWriter();
    writer.varint(7);
    writer.varint(1);
    writer.u8(1);
    writer.varint(0xffff_ffff);
    const frame = forge(sessionKindNumber('page'), writer.finish());
    expect(refusalOf(() => newReader().answer(frame))).toBe('PROTOCOL');
  });

  function bodyOf(messages: fc.Arbitrary<SessionAnswer>): fc.Arbitrary<Uint8Array> {
    return messages.map((message) => {
      const frame = new SessionFrameWriter(checksum).answer(message);
      return frame.slice(12, frame.length - 4);
    });
  }
});

/** A frame with any kind and any body, and a right checksum. */
function forge(kind: number, body: Uint8Array): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(0x51);
  writer.u8(0x53);
  writer.u8(sessionFrameVersion);
  writer.u8(kind);
  writer.u32(body.length);
  writer.u32(1);
  writer.bytes(body);
  const covered = writer.finish();
  writer.u32(checksum(covered));
  return writer.finish();
}

/** The code of what `read` throws; undefined if it answers. Anything untyped fails the test. */
function refusalOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof CoordinationError) return error.code;
    throw error;
  }
}
