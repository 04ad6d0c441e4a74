import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { CoordinationError } from '../errors.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { decodeReply, encodeReply } from './reply-encode.ts';
import type { OpError, OpResult, Reply } from './reply.ts';
import type { StatFields } from './stat.ts';

const stat: StatFields = {
  czxid: 1,
  mzxid: 2 ** 53 - 1,
  pzxid: 3,
  ctime: 1_700_000_000_000.5,
  mtime: -1,
  version: 4,
  cversion: 5,
  aversion: 6,
  owner: 7,
  dataLength: 8,
  childrenCount: 9,
};
const value = { source: Uint8Array.of(0, 1, 2, 3), start: 1, end: 3 };
const copied = { source: Uint8Array.of(1, 2), start: 0, end: 2 };
const session: OpResult = { kind: 'session', sessionId: 1, timeoutMs: Infinity, holder: 2, nextRequest: 3 };
const details = {
  path: '/a',
  reason: 'r',
  argument: 'x',
  index: 0,
  expected: 1,
  actual: -1,
  limit: 'l',
  limitValue: 2,
  measured: 3,
  oldestZxid: 4,
  deadlineMs: 5.5,
};

const results: readonly (readonly [OpResult | OpError, (OpResult | OpError)?])[] = [
  [{ kind: 'none' }],
  [{ kind: 'stat', stat }],
  [{ kind: 'created', path: '/é', stat, created: false }],
  [
    { kind: 'compared', swapped: true, previous: value, stat },
    { kind: 'compared', swapped: true, previous: copied, stat },
  ],
  [{ kind: 'number', value: -5, stat }],
  [{ kind: 'number', value: -5n, stat }],
  [
    { kind: 'patched', value, stat },
    { kind: 'patched', value: copied, stat },
  ],
  [{ kind: 'multi', results: [{ kind: 'none' }, { kind: 'stat', stat }] }],
  [{ kind: 'multi', results: [] }],
  [session],
  [{ kind: 'error', code: 'NO_NODE', details: {} }],
  [{ kind: 'error', code: 'FATAL', details }],
];

function encode(reply: Reply): Uint8Array {
  const writer = new ByteWriter();
  encodeReply(writer, reply);
  return writer.finish();
}

describe('replies', () => {
  for (const [result, expected] of results) {
    it(`of kind ${result.kind} come back as they were`, () => {
      const bytes = encode({ zxid: 77, result });
      const reader = new ByteReader(bytes);
      expect(decodeReply(reader)).toEqual({ zxid: 77, result: expected ?? result });
      expect(reader.remaining).toBe(0);
    });
  }

  it('keep no foreign bytes and no foreign stat', () => {
    const bytes = encode({ zxid: 1, result: { kind: 'patched', value, stat } });
    const { result } = decodeReply(new ByteReader(bytes));
    bytes.fill(0);
    expect(result).toEqual({ kind: 'patched', value: copied, stat });
  });

  it('have flags that are 0 or 1 and nothing else', () => {
    const bytes = encode({ zxid: 1, result: { kind: 'created', path: '/a', stat, created: true } });
    bytes[bytes.length - 1] = 2;
    expect(codeOf(bytes)).toBe('PROTOCOL');
  });

  it('are PROTOCOL errors when they are cut short or changed, or are still replies', () => {
    const all = results.map(([result]) => encode({ zxid: 300, result }));
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.nat(), fc.nat({ max: 255 }), (bytes, at, byte) => {
        expect(codeOf(bytes.subarray(0, at % bytes.length))).toBe('PROTOCOL');
        const changed = bytes.slice();
        changed[at % bytes.length] = byte;
        expect([undefined, 'PROTOCOL']).toContain(codeOf(changed));
      }),
      { numRuns: 3_000 },
    );
  });
});

function codeOf(bytes: Uint8Array): string | undefined {
  try {
    decodeReply(new ByteReader(bytes));
  } catch (error) {
    if (error instanceof CoordinationError) return error.code;
    throw error;
  }
  return undefined;
}
