import { fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { encodeControl, type ControlValue } from '../codec/control.ts';
import { CoordinationError, type ErrorCode } from '../errors.ts';
import type { Append } from '../raft/messages.ts';
import type { ReplicaMessage } from '../replica/contract.ts';
import { portableChecksum } from './crc32.ts';
import { decodeFrame, encodeFrame, frameHeaderBytes, frameOverheadBytes, isSameFrame } from './frame.ts';
import { kindNumber, type MessageKind } from './kinds.ts';

const checksum = portableChecksum();
const frameBytesMax = 1_000_000;
const header = { from: 'a', to: 'b', term: 3, incarnation: 77 };
const append: Append = {
  ...header,
  kind: 'append',
  previousIndex: 7,
  previousTerm: 2,
  entries: [
    { index: 8, term: 2, kind: 'noop', wallMs: 1_700_000_000_000, elapsedMs: 5, body: new Uint8Array(0) },
    {
      index: 9,
      term: 3,
      kind: 'commands',
      wallMs: 1_700_000_000_001,
      elapsedMs: 6,
      body: Uint8Array.of(1, 2),
    },
  ],
  commitIndex: 7,
  durableIndex: 6,
  round: 12,
};
const propose: ReplicaMessage = {
  ...header,
  kind: 'propose',
  batches: [{ bytes: Uint8Array.of(9, 8, 7), announceDurable: true }],
};
const timeoutNow: ReplicaMessage = { ...header, kind: 'timeout-now' };
const samples: readonly ReplicaMessage[] = [append, propose, timeoutNow];

function decode(bytes: Uint8Array): ReplicaMessage {
  return decodeFrame(bytes, { to: 'b', checksum, frameBytesMax });
}

/** The code of the error that decoding gives; undefined if it gives a message. Anything else is thrown on. */
function refusal(bytes: Uint8Array): ErrorCode | undefined {
  try {
    decode(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof CoordinationError) return error.code;
    throw error;
  }
}

interface Forged {
  readonly kind?: MessageKind | number;
  readonly fields?: ControlValue;
  readonly encodedFields?: Uint8Array;
  readonly attachments?: Uint8Array;
  readonly bodyLength?: number;
  readonly fieldsLength?: number;
}

/** A frame whose checksum is right, whatever it says: what a peer with a bug, or a hostile one, could send. */
function forge(forged: Forged): Uint8Array {
  const { fields: given = ['a', 3, 77] } = forged;
  const fields = forged.encodedFields ?? encodeControl(given);
  const attachments = forged.attachments ?? new Uint8Array(0);
  const bodyLength = fields.length + attachments.length;
  const frame = new Uint8Array(frameOverheadBytes + bodyLength);
  const view = new DataView(frame.buffer);
  const kind = forged.kind ?? 'timeout-now';
  frame.set([0x51, 0x46, 2, typeof kind === 'number' ? kind : kindNumber(kind)]);
  view.setUint32(4, forged.bodyLength ?? bodyLength);
  view.setUint32(8, forged.fieldsLength ?? fields.length);
  frame.set(fields, frameHeaderBytes);
  frame.set(attachments, frameHeaderBytes + fields.length);
  view.setUint32(frame.length - 4, checksum(frame.subarray(0, frame.length - 4)));
  return frame;
}

describe('frames', () => {
  it('any single flipped bit is noticed', () => {
    for (const message of samples) {
      const frame = encodeFrame(message, checksum);
      for (let bit = 0; bit < frame.length * 8; bit += 1) {
        const flipped = frame.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(refusal(flipped)).toBe(bit >> 3 === 2 ? 'UNSUPPORTED_VERSION' : 'PROTOCOL');
      }
    }
  });

  it('a frame that is cut short or followed by something is refused at every length', () => {
    for (const message of samples) {
      const frame = encodeFrame(message, checksum);
      for (let length = 0; length < frame.length; length += 1) {
        expect(refusal(frame.subarray(0, length))).toBe('PROTOCOL');
      }
      expect(refusal(Uint8Array.of(...frame, 0))).toBe('PROTOCOL');
    }
  });

  it('a frame of exactly frameBytesMax passes and a longer one does not', () => {
    const frame = encodeFrame(propose, checksum);
    expect(decodeFrame(frame, { to: 'b', checksum, frameBytesMax: frame.length })).toEqual(propose);
    expect(() => decodeFrame(frame, { to: 'b', checksum, frameBytesMax: frame.length - 1 })).toThrow(
      /longer than/,
    );
  });

  it('a too long frame is refused before its checksum is computed', () => {
    const frame = encodeFrame(propose, checksum);
    const unused = (): number => expect.unreachable('the checksum was asked for');
    expect(() => decodeFrame(frame, { to: 'b', checksum: unused, frameBytesMax: 10 })).toThrow(
      CoordinationError,
    );
    expect(() => decodeFrame(frame.subarray(1), { to: 'b', checksum: unused, frameBytesMax })).toThrow(
      CoordinationError,
    );
  });

  it('what goes to several members is one frame, and reaches each as its own message', () => {
    const other: ReplicaMessage = { ...append, to: 'c' };
    expect(isSameFrame(append, other)).toBe(true);
    const frame = encodeFrame(append, checksum);
    expect(encodeFrame(other, checksum)).toEqual(frame);
    expect(decodeFrame(frame, { to: 'c', checksum, frameBytesMax })).toEqual(other);
    expect(decode(frame)).toEqual(append);
  });

  it('appends that differ in anything but their receiver are different frames', () => {
    const entries = append.entries.map((entry) => ({ ...entry }));
    const differences: readonly Partial<typeof append>[] = [
      { from: 'd' },
      { term: 4 },
      { incarnation: 78 },
      { previousIndex: 6 },
      { previousTerm: 1 },
      { commitIndex: 8 },
      { durableIndex: 5 },
      { round: 13 },
      { entries: append.entries.slice(1) },
      { entries },
    ];
    for (const difference of differences) {
      expect([difference, isSameFrame(append, { ...append, to: 'c', ...difference })]).toEqual([
        difference,
        false,
      ]);
    }
    expect(isSameFrame(timeoutNow, { ...timeoutNow, to: 'c' })).toBe(false);
  });

  it('another format version is refused by its name', () => {
    const frame = encodeFrame(timeoutNow, checksum);
    frame[2] = 3;
    expect(() => decode(frame)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_VERSION',
        details: expect.objectContaining({ actual: 3, expected: 2 }),
      }),
    );
  });

  it('100,000 frames of random bytes give typed errors only', () => {
    let state = 0x9e3779b9;
    const next = (): number => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state >>> 0;
    };
    let refusedCount = 0;
    for (let run = 0; run < 100_000; run += 1) {
      const bytes = Uint8Array.from({ length: next() % 64 }, next);
      // Every second one gets past the magic, every fourth is a body with a right checksum.
      if (run % 2 === 0) bytes.set([0x51, 0x46, 1].slice(0, bytes.length));
      const frame = run % 4 === 1 ? forge({ kind: next() % 40, encodedFields: bytes }) : bytes;
      if (refusal(frame) !== undefined) refusedCount += 1;
    }
    expect(refusedCount).toBe(100_000);
  });
});

describe('forged frames', () => {
  it('what the forger makes without a fault is accepted', () => {
    expect(decode(forge({}))).toEqual(timeoutNow);
  });

  it('a kind that does not exist is refused', () => {
    for (const kind of [0, 14, 31, 37, 255]) expect(refusal(forge({ kind }))).toBe('PROTOCOL');
  });

  it('lengths that claim more than is there are refused, however large', () => {
    for (const length of [0, 1_000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
      expect(refusal(forge({ bodyLength: length }))).toBe('PROTOCOL');
      expect(refusal(forge({ fieldsLength: length }))).toBe('PROTOCOL');
    }
    // An array header that claims 2^32-1 elements.
    expect(refusal(forge({ encodedFields: Uint8Array.of(0xdd, 255, 255, 255, 255) }))).toBe('PROTOCOL');
    expect(refusal(forge({ encodedFields: Uint8Array.of(0xc6, 255, 255, 255, 255) }))).toBe('PROTOCOL');
  });

  it('fields that are no array, too few, too many, or followed by bytes are refused', () => {
    const attachments = Uint8Array.of(1);
    for (const fields of [null, 7, 'a', [], ['a'], ['a', 3], ['a', 3, 77, 0]]) {
      expect(refusal(forge({ fields }))).toBe('PROTOCOL');
    }
    expect(refusal(forge({ attachments }))).toBe('PROTOCOL');
  });

  it('a member id has 1 to 256 characters', () => {
    const withFrom = (from: ControlValue): Uint8Array => forge({ fields: [from, 3, 77] });
    expect(decode(withFrom('x'.repeat(256)))).toMatchObject({ from: 'x'.repeat(256) });
    for (const from of ['', 'x'.repeat(257), 7, null, Uint8Array.of(1)]) {
      expect(refusal(withFrom(from))).toBe('PROTOCOL');
    }
  });

  it('a number is a safe integer of at least 0', () => {
    const withTerm = (term: ControlValue): Uint8Array => forge({ fields: ['a', term, 77] });
    expect(decode(withTerm(Number.MAX_SAFE_INTEGER))).toMatchObject({ term: Number.MAX_SAFE_INTEGER });
    for (const term of [-1, 0.5, 2 ** 53, Number.NaN, Infinity, '3', true, null, [3]]) {
      expect(refusal(withTerm(term))).toBe('PROTOCOL');
    }
  });

  const start = ['a', 3, 77] as const;

  it('a read index may be -1 and nothing below', () => {
    expect(decode(forge({ kind: 'read-index-reply', fields: [...start, 5, -1] }))).toMatchObject({
      index: -1,
    });
    expect(refusal(forge({ kind: 'read-index-reply', fields: [...start, 5, -2] }))).toBe('PROTOCOL');
    expect(refusal(forge({ kind: 'read-index-reply', fields: [...start, -1, 5] }))).toBe('PROTOCOL');
  });

  it('a choice or a text of a fixed form is nothing else', () => {
    for (const reason of [2, -1, 0.5, 'overloaded', null]) {
      expect(refusal(forge({ kind: 'propose-refused', fields: [...start, reason] }))).toBe('PROTOCOL');
    }
    for (const digest of [
      '',
      '0123456789abcde',
      '0123456789ABCDEF',
      '0123456789abcdef0',
      '0123456789abcdef\n',
      1,
    ]) {
      expect(refusal(forge({ kind: 'digest', fields: [...start, 1, digest] }))).toBe('PROTOCOL');
    }
  });

  const appendWith = (entries: ControlValue, previousIndex = 4, body = Uint8Array.of(1, 2)): Uint8Array =>
    forge({
      kind: 'append',
      fields: [...start, previousIndex, 2, 0, 0, 0, entries],
      attachments: body,
    });

  it('entries have terms in order, known kinds, times, and bodies that fill the frame exactly', () => {
    expect(decode(appendWith([3, 2, 1, 1, 2]))).toMatchObject({ entries: [{ index: 5, term: 3 }] });
    const refused: readonly ControlValue[] = [
      [],
      null,
      [3, 2, 1, 1],
      [1, 2, 1, 1, 2],
      [4, 2, 1, 1, 2],
      [3, 3, 1, 1, 2],
      [3, 2, -1, 1, 2],
      [3, 2, 1, Number.NaN, 2],
      [3, 2, 1, 1, 1],
      [3, 2, 1, 1, 3],
      [3, 2, 1, 1, Number.MAX_SAFE_INTEGER],
      [3, 2, 1, 1, 1, 2, 2, 1, 1, 1],
    ];
    for (const entries of refused) expect(refusal(appendWith(entries))).toBe('PROTOCOL');
  });

  it('indexes and offsets cannot leave the safe integers', () => {
    expect(refusal(appendWith([3, 2, 1, 1, 2], Number.MAX_SAFE_INTEGER))).toBe('PROTOCOL');
    const chunk = [...start, 9, 2, 0, new Uint8Array(0), Number.MAX_SAFE_INTEGER, true, 1, 1];
    const attachments = Uint8Array.of(1);
    expect(refusal(forge({ kind: 'install-snapshot', fields: chunk, attachments }))).toBe('PROTOCOL');
  });

  it('sessions of a touch are numbers, and batches come in pairs', () => {
    expect(refusal(forge({ kind: 'touch', fields: [...start, 1, [1, -1]] }))).toBe('PROTOCOL');
    expect(refusal(forge({ kind: 'touch', fields: [...start, 1, 5] }))).toBe('PROTOCOL');
    for (const batches of [[0], [0, 1], [0, null], [1, true], [-1, true]]) {
      expect(refusal(forge({ kind: 'propose', fields: [...start, batches] }))).toBe('PROTOCOL');
    }
    expect(decode(forge({ kind: 'propose', fields: [...start, []] }))).toMatchObject({ batches: [] });
  });

  const scalar = fc.oneof(
    fc.constantFrom<ControlValue>(
      null,
      true,
      false,
      -1,
      0,
      1,
      2,
      3,
      2 ** 53,
      Number.NaN,
      '',
      'a',
      '0'.repeat(16),
    ),
    fc.uint8Array({ maxLength: 4 }),
  );
  const anyFields = fc.array(fc.oneof(scalar, fc.array(scalar, { maxLength: 11 })), { maxLength: 8 });

  it('fields of any kind give a message or a typed error', () => {
    const kinds = fc.nat({ max: 40 });
    const property = fc.property(
      kinds,
      anyFields,
      fc.uint8Array({ maxLength: 8 }),
      (kind, fields, attachments) => {
        const code = refusal(forge({ kind, fields: ['a', 3, 1, ...fields], attachments }));
        expect(code ?? 'PROTOCOL').toBe('PROTOCOL');
      },
    );
    fc.assert(property, { numRuns: 20_000 });
  });
});
