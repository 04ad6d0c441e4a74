/** Session frames of format version 1, byte for byte: these stay readable for as long as version 1 is spoken. */
import { describe, expect, it } from 'vitest';
import { portableChecksum } from './crc32.ts';
import { SessionFrameReader, SessionFrameWriter } from './session-frame.ts';
import { sessionKindNumber } from './session-kinds.ts';
import type { SessionAnswer, SessionMessage, SessionRequest } from './session-messages.ts';
import { plainMessage } from './testing/plain-message.ts';

const checksum = portableChecksum();
const newReader = (): SessionFrameReader => new SessionFrameReader(checksum, 1_000);

describe('format version 1', () => {
  const secretHash = new Uint8Array(32).fill(7);
  const limits = {
    valueBytesMax: 1_048_576,
    frameBytesMax: 16_777_216,
    sessionRequestsInFlightMax: 4_096,
    sessionBytesInFlightMax: 16_777_216,
    watchesPerSessionMax: 10_000,
  };
  const goldenStat = {
    czxid: 3,
    mzxid: 300,
    pzxid: 3,
    ctime: 1_700_000_000_000,
    mtime: 1_700_000_000_001,
    version: 2,
    cversion: 0,
    aversion: 0,
    owner: 0,
    dataLength: 1,
    childrenCount: 0,
  };
  const goldenZnode = { stat: goldenStat, value: { source: Uint8Array.of(5), start: 0, end: 1 } };
  const asked = { ensemble: 'quorate', frameBytesMax: 1_000 };
  const golden: readonly (readonly [SessionMessage, string])[] = [
    [
      { kind: 'open', ...asked, secretHash, timeoutMs: 10_000 },
      '5153010100000032000000010771756f72617465e807070707070707070707070707070707070707070707070707070707070707070740c38800000000005dd5500c',
    ],
    [
      { kind: 'resume', ...asked, sessionId: 300, secret: Uint8Array.of(1, 2) },
      '515301020000000f000000010771756f72617465e807ac02020102c0ef1aca',
    ],
    [
      {
        kind: 'attach',
        ...asked,
        sessionId: 300,
        secret: Uint8Array.of(1, 2),
        holder: 1,
        zxid: 70_000,
        wantsDurable: true,
      },
      '5153010300000014000000010771756f72617465e807ac0202010201f0a204016300686a',
    ],
    [
      { kind: 'submit', announceDurable: true, bytes: Uint8Array.of(222, 173) },
      '51530104000000030000000101deade5660df4',
    ],
    [
      {
        kind: 'read',
        id: 4,
        afterRequest: 3,
        consistency: 'linearizable',
        query: { kind: 'list', path: '/a', after: 'b', limit: 10 },
      },
      '515301050000000c0000000104030104022f61010162010a7c78a280',
    ],
    [
      { kind: 'watch', id: 5, afterRequest: 3, path: '/a', scope: 'subtree', from: 300 },
      '515301070000000900000001050302022f6101ac025f2e6370',
    ],
    [{ kind: 'cancel-read', id: 4 }, '515301060000000100000001048937a9f0'],
    [{ kind: 'unwatch', id: 5 }, '51530108000000010000000105e0f9a9d5'],
    [{ kind: 'touch', id: 6 }, '5153010900000001000000010696329351'],
    [{ kind: 'ping', id: 0 }, '5153010a00000001000000010094668d67'],
    [
      { kind: 'welcome', sessionId: 300, timeoutMs: Infinity, holder: 1, nextRequest: 1, zxid: 300, limits },
      '515301200000001d00000001ac027ff00000000000000101ac0280804080808008802080808008904eefe8af10',
    ],
    [
      { kind: 'refused', code: 'AUTH_FAILED', details: { reason: 'no' } },
      '5153012100000005000000010d02026e6f564402f2',
    ],
    [
      {
        kind: 'replies',
        firstRequest: 1,
        index: 9,
        seenZxid: 301,
        replies: [{ zxid: 301, result: { kind: 'stat', stat: goldenStat } }],
      },
      '5153012200000022000000010109ad0201ad020103ac02034278bcfe568000004278bcfe56801000020000000100609c9b08',
    ],
    [{ kind: 'durable', index: 9 }, '515301230000000100000001095ef21dd9'],
    [{ kind: 'reachable', isReachable: true }, '51530124000000010000000101b2f58e92'],
    [{ kind: 'confirmed', id: 6 }, '51530125000000010000000106c353700f'],
    [{ kind: 'ended', code: 'SESSION_CLOSED' }, '51530126000000010000000101b6005eaf'],
    [
      { kind: 'answer', id: 4, zxid: 301, seenZxid: 301, answer: { kind: 'znode', znode: goldenZnode } },
      '51530127000000230000000104ad02ad02010103ac02034278bcfe568000004278bcfe5680100002000000010001050c4dc0e5',
    ],
    [
      { kind: 'page', id: 5, zxid: 301, isLast: true, znodes: [{ path: '/a', znode: goldenZnode }] },
      '51530128000000240000000105ad020101022f6103ac02034278bcfe568000004278bcfe56801000020000000100010533f459b8',
    ],
    [{ kind: 'resumed', id: 5, zxid: 300 }, '51530129000000030000000105ac023f91da33'],
    [
      {
        kind: 'changes',
        id: 5,
        zxid: 302,
        isLast: true,
        changes: [{ path: '/a', before: goldenZnode, after: undefined }],
      },
      '5153012a000000260000000105ae020101022f610103ac02034278bcfe568000004278bcfe56801000020000000100010500c7d16e1d',
    ],
    [
      { kind: 'watch-failed', id: 5, code: 'COMPACTED', details: { oldestZxid: 400 } },
      '5153012b0000000c00000001051580044079000000000000330ae716',
    ],
    [{ kind: 'pong', id: 0, seenZxid: 302 }, '5153012c000000030000000100ae0293cf0d4a'],
  ];

  for (const [message, hex] of golden) {
    it(`a ${message.kind} has the bytes that it always had`, () => {
      const isAnswer = sessionKindNumber(message.kind) >= 32;
      const writer = new SessionFrameWriter(checksum);
      const frame = isAnswer
        ? writer.answer(message as SessionAnswer)
        : writer.request(message as SessionRequest);
      expect(Buffer.from(frame).toString('hex')).toBe(hex);
      const bytesThen = Buffer.from(hex, 'hex');
      const read = isAnswer ? newReader().answer(bytesThen) : newReader().request(bytesThen);
      expect(plainMessage(read)).toEqual(plainMessage(message));
    });
  }
});
