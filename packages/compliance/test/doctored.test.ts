/** The suite itself is under test: a sound transport passes, and each defect is caught by the case that is about it. */
import { describe, expect, it } from 'vitest';
import { type ComplianceCase, type TransportHarness, transportCases } from '../src/index.ts';
import { memberDoctors } from './doctored/members.ts';
import { memoryHarness } from './doctored/network.ts';
import { sessionDoctors } from './doctored/sessions.ts';

interface Defect {
  readonly does: string;
  readonly caughtBy: readonly string[];
  readonly saying: RegExp;
  readonly harness: TransportHarness;
}

const unbounded = { queueFramesMax: Infinity, queueBytesMax: Infinity };

const defects: readonly Defect[] = [
  ...[...memberDoctors, ...sessionDoctors].map(({ does, caughtBy, saying, doctor, patienceMs = 300 }) => {
    return { does, caughtBy, saying, harness: memoryHarness({ doctor, patienceMs }) };
  }),
  {
    does: 'lets any number of frames wait',
    caughtBy: ['frames of one turn are refused', 'small frames of one turn', 'a session that sends too much'],
    saying: /is bounded/,
    harness: memoryHarness({ network: unbounded }),
  },
  {
    does: 'lets any number of frames wait for a member that reads nothing',
    caughtBy: ['a member that reads nothing for many turns'],
    saying: /is bounded/,
    harness: memoryHarness({ stalledFramesMax: Infinity }),
  },
];

function caseOf(harness: TransportHarness, beginning: string): ComplianceCase {
  const found = transportCases(harness).filter(({ title }) => title.startsWith(beginning));
  const [only] = found;
  if (only === undefined || found.length > 1)
    throw new TypeError(`${found.length} cases begin "${beginning}"`);
  return only;
}

describe('a sound transport passes', () => {
  it.each(transportCases(memoryHarness({ patienceMs: 5_000 })))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('a transport is caught that', () => {
  it.each(defects)('$does', async ({ caughtBy, saying, harness }) => {
    for (const beginning of caughtBy) await expect(caseOf(harness, beginning).run()).rejects.toThrow(saying);
  });
});

it('every case catches at least one of them', () => {
  const beginnings = defects.flatMap(({ caughtBy }) => caughtBy);
  const idle = transportCases(memoryHarness()).filter(
    ({ title }) => !beginnings.some((beginning) => title.startsWith(beginning)),
  );
  expect(idle.map(({ title }) => title)).toEqual([]);
});
