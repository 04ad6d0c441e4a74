/** Frames of format version 2, byte for byte: these stay readable for as long as version 2 is spoken. */
import { describe, expect, it } from 'vitest';
import type { ReplicaMessage } from '../replica/contract.ts';
import { portableChecksum } from './crc32.ts';
import { decodeFrame, encodeFrame } from './frame.ts';

const header = { from: 'a', to: 'b', term: 3, incarnation: 1_234_567_890_123 };
const meta = { index: 40, term: 2, elapsedMs: 1_000, membership: Uint8Array.of(5, 6) };

const golden: readonly (readonly [ReplicaMessage, string])[] = [
  [{ ...header, kind: 'probe', empty: true }, '514602010000000e0000000e94a16103cb4271f71fb04cb000c3909d2f46'],
  [
    { ...header, kind: 'probe-reply', empty: false, listed: true, founding: Uint8Array.of(1, 2) },
    '51460202000000130000001396a16103cb4271f71fb04cb000c2c3c402010260a5ec7c',
  ],
  [
    { ...header, kind: 'pre-vote', lastIndex: 300, lastTerm: 2 },
    '51460203000000110000001195a16103cb4271f71fb04cb000cd012c021e8bc2bf',
  ],
  [
    { ...header, kind: 'pre-vote-reply', granted: true },
    '514602040000000e0000000e94a16103cb4271f71fb04cb000c30bb26401',
  ],
  [
    { ...header, kind: 'vote', lastIndex: 300, lastTerm: 2, transfer: true },
    '51460205000000120000001296a16103cb4271f71fb04cb000cd012c02c308c36669',
  ],
  [
    { ...header, kind: 'vote-reply', granted: false },
    '514602060000000e0000000e94a16103cb4271f71fb04cb000c29123877e',
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
    '51460207000000330000003199a16103cb4271f71fb04cb00028022827079a0300cb4278bcfe56800000cd03e8000302cb4278bcfe56832000cd041a02dead46059884',
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
    '5146020800000014000000149aa16103cb4271f71fb04cb000c32a00002807c3fea59ac9',
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
    '51460209000000200000001e9ba16103cb4271f71fb04cb0002802cd03e8c4020506ce00010000c30802beef8324eed2',
  ],
  [
    { ...header, kind: 'install-snapshot-reply', index: 40, nextOffset: 65_538, installed: true, round: 8 },
    '5146020a000000150000001597a16103cb4271f71fb04cb00028ce00010002c30869c2e59c',
  ],
  [{ ...header, kind: 'read-index', id: 9 }, '5146020b0000000e0000000e94a16103cb4271f71fb04cb0000906039427'],
  [
    { ...header, kind: 'read-index-reply', id: 9, index: -1 },
    '5146020c0000000f0000000f95a16103cb4271f71fb04cb00009ff19e0f0b7',
  ],
  [{ ...header, kind: 'timeout-now' }, '5146020d0000000d0000000d93a16103cb4271f71fb04cb000232eec0b'],
  [
    {
      ...header,
      kind: 'propose',
      batches: [
        { bytes: Uint8Array.of(1, 2, 3), announceDurable: false },
        { bytes: Uint8Array.of(4), announceDurable: true },
      ],
    },
    '51460220000000160000001294a16103cb4271f71fb04cb0009403c201c301020304667e52ec',
  ],
  [
    { ...header, kind: 'propose-refused', reason: 'overloaded' },
    '514602210000000e0000000e94a16103cb4271f71fb04cb00001e7128042',
  ],
  [
    { ...header, kind: 'touch', id: 10, sessions: [1, 70_000] },
    '51460222000000150000001595a16103cb4271f71fb04cb0000a9201ce0001117044012869',
  ],
  [
    { ...header, kind: 'touch-reply', id: 10, sessions: [] },
    '514602230000000f0000000f95a16103cb4271f71fb04cb0000a90f2032a0e',
  ],
  [
    { ...header, kind: 'digest', index: 50, digest: '0123456789abcdef' },
    '514602240000001f0000001f95a16103cb4271f71fb04cb00032b030313233343536373839616263646566ed1d0b2f',
  ],
];

/** A probe as version 1 had it, with its receiver. */
const goldenOfVersion1 = '51460101000000100000001095a161a16203cb4271f71fb04cb000c38f7378ea';

describe('format version 2', () => {
  const checksum = portableChecksum();

  it('refuses a frame of version 1 by its name', () => {
    const frame = Buffer.from(goldenOfVersion1, 'hex');
    expect(() => decodeFrame(frame, { to: 'b', checksum, frameBytesMax: 1_000 })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_VERSION' }),
    );
  });

  for (const [message, hex] of golden) {
    it(`a ${message.kind} has the bytes that it always had`, () => {
      expect(Buffer.from(encodeFrame(message, checksum)).toString('hex')).toBe(hex);
      expect(decodeFrame(Buffer.from(hex, 'hex'), { to: 'b', checksum, frameBytesMax: 1_000 })).toEqual(
        message,
      );
    });
  }
});
