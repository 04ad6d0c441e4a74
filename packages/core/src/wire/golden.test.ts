/** Frames of format version 1, byte for byte: these stay readable for as long as version 1 is spoken. */
import { describe, expect, it } from 'vitest';
import type { ReplicaMessage } from '../replica/contract.ts';
import { portableChecksum } from './crc32.ts';
import { decodeFrame, encodeFrame } from './frame.ts';

const header = { from: 'a', to: 'b', term: 3, incarnation: 1_234_567_890_123 };
const meta = { index: 40, term: 2, elapsedMs: 1_000, membership: Uint8Array.of(5, 6) };

const golden: readonly (readonly [ReplicaMessage, string])[] = [
  [
    { ...header, kind: 'probe', empty: true },
    '51460101000000100000001095a161a16203cb4271f71fb04cb000c38f7378ea',
  ],
  [
    { ...header, kind: 'probe-reply', empty: false, listed: true, founding: Uint8Array.of(1, 2) },
    '51460102000000150000001597a161a16203cb4271f71fb04cb000c2c3c4020102ae53ad8d',
  ],
  [
    { ...header, kind: 'pre-vote', lastIndex: 300, lastTerm: 2 },
    '51460103000000130000001396a161a16203cb4271f71fb04cb000cd012c021476d064',
  ],
  [
    { ...header, kind: 'pre-vote-reply', granted: true },
    '51460104000000100000001095a161a16203cb4271f71fb04cb000c3d145a21f',
  ],
  [
    { ...header, kind: 'vote', lastIndex: 300, lastTerm: 2, transfer: true },
    '51460105000000140000001497a161a16203cb4271f71fb04cb000cd012c02c3c9153e39',
  ],
  [
    { ...header, kind: 'vote-reply', granted: false },
    '51460106000000100000001095a161a16203cb4271f71fb04cb000c23624b4d4',
  ],
  [
    {
      ...header,
      kind: 'append',
      previousIndex: 40,
      previousTerm: 2,
      entries: [
        {
          index: 41,
          term: 3,
          kind: 'noop',
          wallMs: 1_700_000_000_000,
          elapsedMs: 1_000,
          body: new Uint8Array(0),
        },
        {
          index: 42,
          term: 3,
          kind: 'commands',
          wallMs: 1_700_000_000_050,
          elapsedMs: 1_050,
          body: Uint8Array.of(222, 173),
        },
      ],
      commitIndex: 40,
      durableIndex: 39,
      round: 7,
    },
    '5146010700000035000000339aa161a16203cb4271f71fb04cb00028022827079a0300cb4278bcfe56800000cd03e8000302cb4278bcfe56832000cd041a02dead71cb2224',
  ],
  [
    {
      ...header,
      kind: 'append-reply',
      accepted: true,
      matchIndex: 42,
      hintIndex: 0,
      hintTerm: 0,
      previousIndex: 40,
      round: 7,
      admitted: true,
    },
    '5146010800000016000000169ba161a16203cb4271f71fb04cb000c32a00002807c362e0a827',
  ],
  [
    {
      ...header,
      kind: 'install-snapshot',
      meta,
      offset: 65_536,
      bytes: Uint8Array.of(190, 239),
      last: true,
      round: 8,
    },
    '5146010900000022000000209ca161a16203cb4271f71fb04cb0002802cd03e8c4020506ce00010000c30802beefc7a51973',
  ],
  [
    { ...header, kind: 'install-snapshot-reply', index: 40, nextOffset: 65_538, installed: true, round: 8 },
    '5146010a000000170000001798a161a16203cb4271f71fb04cb00028ce00010002c308c07949d7',
  ],
  [
    { ...header, kind: 'read-index', id: 9 },
    '5146010b000000100000001095a161a16203cb4271f71fb04cb0000948afe6ae',
  ],
  [
    { ...header, kind: 'read-index-reply', id: 9, index: -1 },
    '5146010c000000110000001196a161a16203cb4271f71fb04cb00009ffbd05d38a',
  ],
  [{ ...header, kind: 'timeout-now' }, '5146010d0000000f0000000f94a161a16203cb4271f71fb04cb000efe89e90'],
  [
    {
      ...header,
      kind: 'propose',
      batches: [
        { bytes: Uint8Array.of(1, 2, 3), announceDurable: false },
        { bytes: Uint8Array.of(4), announceDurable: true },
      ],
    },
    '51460120000000180000001495a161a16203cb4271f71fb04cb0009403c201c3010203042c6efeae',
  ],
  [
    { ...header, kind: 'propose-refused', reason: 'overloaded' },
    '51460121000000100000001095a161a16203cb4271f71fb04cb000014a3795aa',
  ],
  [
    { ...header, kind: 'touch', id: 10, sessions: [1, 70_000] },
    '51460122000000170000001796a161a16203cb4271f71fb04cb0000a9201ce00011170e4053b80',
  ],
  [
    { ...header, kind: 'touch-reply', id: 10, sessions: [] },
    '51460123000000110000001196a161a16203cb4271f71fb04cb0000a90491a1aab',
  ],
  [
    { ...header, kind: 'digest', index: 50, digest: '0123456789abcdef' },
    '51460124000000210000002196a161a16203cb4271f71fb04cb00032b0303132333435363738396162636465662408012f',
  ],
];

describe('format version 1', () => {
  const checksum = portableChecksum();
  for (const [message, hex] of golden) {
    it(`a ${message.kind} has the bytes that it always had`, () => {
      expect(Buffer.from(encodeFrame(message, checksum)).toString('hex')).toBe(hex);
      expect(decodeFrame(Buffer.from(hex, 'hex'), { checksum, frameBytesMax: 1_000 })).toEqual(message);
    });
  }
});
