import { CoordinationError } from '@quorate/core';
import { InvariantViolation } from '@quorate/core/inspect';
import { describe, expect, test } from 'vitest';
import { isStorageFailure, PeerFailed } from './member.ts';

const stopped = (cause: unknown): CoordinationError =>
  new CoordinationError('STORAGE_FAILED', { cause, details: { reason: 'its storage failed' } });

describe('why a process ended', () => {
  test('a failing disk explains it, also behind what the storage says of it', () => {
    expect(isStorageFailure(stopped(new Error('EIO')))).toBe(true);
    expect(isStorageFailure(stopped(stopped(new Error('EIO'))))).toBe(true);
  });

  test('an invariant that the storage found broken is a bug, however deep it is', () => {
    const bug = new InvariantViolation('chunks follow each other', {});
    expect(isStorageFailure(stopped(bug))).toBe(false);
    expect(isStorageFailure(stopped(stopped(bug)))).toBe(false);
    expect(new PeerFailed('a', stopped(stopped(bug))).reason).toBe(bug.message);
  });

  test('nothing else is a failing disk', () => {
    expect(isStorageFailure(new CoordinationError('FATAL'))).toBe(false);
    expect(isStorageFailure(new Error('EIO'))).toBe(false);
  });
});
