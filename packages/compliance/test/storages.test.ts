/** The suite for storages is under test: sound ones pass, and each defect is caught by the case that is about it. */
import { describe, expect, it } from 'vitest';
import { type ComplianceCase, type StorageHarness, storageCases } from '../src/index.ts';
import { type Defects, JournalPlace } from './doctored-storages/journal.ts';
import { memoryHarness, storageDoctors } from './doctored-storages/memory.ts';

function journalHarness(defects: Defects = {}): StorageHarness {
  return { open: async () => new JournalPlace(defects), patienceMs: 5_000 };
}

/** The suite's own words, or the core's: the memory storage checks what it is handed. */
const complaint = {
  name: expect.stringMatching(/^(ComplianceFailure|CoordinationError|InvariantViolation)$/),
};

const journalDefects: readonly { does: string; defects: Defects; caughtBy: readonly string[] }[] = [
  {
    does: 'acknowledges before it is durable',
    defects: { isHasty: true },
    caughtBy: ['a loss of power at any step takes nothing'],
  },
  {
    does: 'forgets the last write in a crash',
    defects: { isForgetful: true },
    caughtBy: ['a loss of power at any step takes nothing'],
  },
  {
    does: 'makes the write under way another one after a crash',
    defects: { writesTwice: true },
    caughtBy: ['a loss of power at any step invents nothing'],
  },
  {
    does: 'keeps the end of a torn write',
    defects: { keepsEnds: true },
    caughtBy: ['a loss of power at any step leaves a whole storage'],
  },
  {
    does: 'passes over a failed sync',
    defects: { ignoresFailedSyncs: true },
    caughtBy: ['after a sync that failed'],
  },
  {
    does: 'tries again after a failed sync',
    defects: { triesAgain: true },
    caughtBy: ['after a sync that failed'],
  },
  { does: 'keeps half of what finds no room', defects: { keepsHalf: true }, caughtBy: ['without room'] },
  {
    does: 'takes a full disk for a failed one',
    defects: { failsWhenFull: true },
    caughtBy: ['without room'],
  },
  { does: 'serves what is damaged', defects: { servesDamage: true }, caughtBy: ['a flipped bit'] },
];

function caseOf(harness: StorageHarness, beginning: string): ComplianceCase {
  const found = storageCases(harness).filter(({ title }) => title.startsWith(beginning));
  const [only] = found;
  if (only === undefined || found.length > 1)
    throw new TypeError(`${found.length} cases begin "${beginning}"`);
  return only;
}

describe('the storage in memory passes', () => {
  it.each(storageCases(memoryHarness()))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('a small journal passes', () => {
  it.each(storageCases(journalHarness()))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('a storage is caught that', () => {
  it.each(storageDoctors)('$does', async ({ caughtBy, wrap }) => {
    for (const beginning of caughtBy) {
      await expect(caseOf(memoryHarness(wrap), beginning).run()).rejects.toMatchObject(complaint);
    }
  });

  it.each(journalDefects)('$does', async ({ caughtBy, defects }) => {
    for (const beginning of caughtBy) {
      await expect(caseOf(journalHarness(defects), beginning).run()).rejects.toMatchObject(complaint);
    }
  });
});

it('every case catches at least one of them', () => {
  const beginnings = [...storageDoctors, ...journalDefects].flatMap(({ caughtBy }) => caughtBy);
  const idle = storageCases(journalHarness()).filter(
    ({ title }) => !beginnings.some((beginning) => title.startsWith(beginning)),
  );
  expect(idle.map(({ title }) => title)).toEqual([]);
});
