import { describe, expect, it } from 'vitest';
import { CoordinationError } from '../errors.ts';
import { memoryStorage } from './memory-storage.ts';
import { checkOptions } from './options.ts';
import type { PeerOptions } from './peer-types.ts';

function argumentRefused(options: unknown): string | undefined {
  try {
    checkOptions(options as PeerOptions);
    return undefined;
  } catch (error) {
    if (!(error instanceof CoordinationError) || error.code !== 'BAD_ARGUMENTS') throw error;
    return error.details.argument;
  }
}

describe('the options of openPeer', () => {
  it('an id is all that a peer alone needs', () => {
    const checked = checkOptions({ id: 'a' });
    expect(checked).toMatchObject({
      ensemble: 'quorate',
      members: { a: '' },
      heartbeatMs: 50,
      electionTimeoutMs: 250,
    });
  });

  it.each([
    ['options', undefined],
    ['id', {}],
    ['id', { id: '' }],
    ['id', { id: 'x'.repeat(257) }],
    ['id', { id: 7 }],
    ['ensemble', { id: 'a', ensemble: '' }],
    ['members', { id: 'a', members: { b: '' } }],
    ['members', { id: 'a', members: { a: 1 } }],
    ['transport', { id: 'a', members: { a: '', b: '' } }],
    ['timing.heartbeatMs', { id: 'a', timing: { heartbeatMs: 4 } }],
    ['timing.heartbeatMs', { id: 'a', timing: { heartbeatMs: Number.NaN } }],
    ['timing.electionTimeoutMs', { id: 'a', timing: { heartbeatMs: 50, electionTimeoutMs: 149 } }],
    ['limits.valueBytesMax', { id: 'a', limits: { valueBytesMax: 0 } }],
    ['limits.nothing', { id: 'a', limits: { nothing: 1 } }],
    ['limits.valueBytesMax', { id: 'a', limits: { valueBytesMax: 2 ** 25 } }],
    ['limits.sessionTimeoutMsMin', { id: 'a', limits: { sessionTimeoutMsMin: 10, sessionTimeoutMsMax: 9 } }],
  ])('a wrong %s is refused by name', (argument, options) => {
    expect(argumentRefused(options)).toBe(argument);
  });

  it('an election time-out of exactly three heartbeats is accepted', () => {
    expect(argumentRefused({ id: 'a', timing: { heartbeatMs: 50, electionTimeoutMs: 150 } })).toBeUndefined();
  });

  it('a slow heartbeat alone brings a fitting election time-out with it', () => {
    expect(checkOptions({ id: 'a', timing: { heartbeatMs: 1_000 } }).electionTimeoutMs).toBe(5_000);
  });

  it('limits are kept apart: those of the ensemble and those of the peer', () => {
    const { ensembleLimits, peerLimits } = checkOptions({
      id: 'a',
      storage: memoryStorage(),
      limits: { valueBytesMax: 100, watchQueueMax: 7 },
    });
    expect(ensembleLimits.valueBytesMax).toBe(100);
    expect(peerLimits.watchQueueMax).toBe(7);
    expect(Object.hasOwn(ensembleLimits, 'watchQueueMax')).toBe(false);
  });
});
