import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CoordinationError } from '../errors.ts';
import type { Entry } from '../ports/entry.ts';
import {
  createMembership,
  decodeMembership,
  encodeMembership,
  MembershipHistory,
  withIncarnation,
  type Membership,
} from './membership.ts';
import { testMembership } from './testing/lone-peer.ts';

/** The membership, or the code of the error; any other error is thrown on. */
function decodedOrCode(bytes: Uint8Array): Membership | string {
  try {
    return decodeMembership(bytes);
  } catch (error) {
    if (error instanceof CoordinationError) return error.code;
    throw error;
  }
}

describe('a membership', () => {
  test('survives its encoding, with any ids', () => {
    const ids = fc.uniqueArray(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '')), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(ids, fc.string(), (names, identity) => {
        const membership = createMembership({
          identity,
          voters: names,
          outgoing: names.slice(1),
          learners: names.slice(2),
          members: names.map((id, incarnation) => [id, { address: `${id}!`, incarnation }] as const),
        });
        expect(decodeMembership(encodeMembership(membership))).toEqual(membership);
      }),
    );
  });

  test('is the same bytes in whatever order it was listed', () => {
    const members = [
      ['b', { address: 'x', incarnation: 2 }],
      ['a', { address: 'y', incarnation: 1 }],
    ] as const;
    const one = createMembership({ identity: '', voters: ['b', 'a'], members });
    const other = createMembership({ identity: '', voters: ['a', 'b', 'a'], members: members.toReversed() });
    expect(encodeMembership(one)).toEqual(encodeMembership(other));
  });

  test('must have a voter, and lists members only', () => {
    expect(() => createMembership({ identity: '', voters: [], members: [] })).toThrow('voter');
    expect(() => createMembership({ identity: '', voters: ['x'], members: [] })).toThrow('is a member');
  });

  test('is refused by name when its bytes are damaged, never taken for another one', () => {
    const bytes = encodeMembership(testMembership(['a', 'b', 'c'], ['c']));
    const original = decodeMembership(bytes);
    for (let position = 0; position < bytes.length; position += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const damaged = Uint8Array.from(bytes);
        damaged[position] = (damaged[position] ?? 0) ^ (1 << bit);
        expect(decodedOrCode(damaged)).not.toEqual(original);
      }
    }
  });
});

describe('the history of memberships', () => {
  const first = testMembership(['a', 'b', 'c']);
  const second = withIncarnation(first, 'b', 77);
  const entry = (index: number, membership: Membership): Entry => {
    const body = encodeMembership(membership);
    return { index, term: 1, kind: 'membership', wallMs: 0, elapsedMs: 0, body };
  };
  const withBoth = (): MembershipHistory => {
    const history = new MembershipHistory();
    history.appended(entry(1, first));
    history.appended(entry(5, second));
    return history;
  };

  test('has the newest of the log in force, committed or not, and knows those before', () => {
    const history = withBoth();
    expect(history.current).toEqual(second);
    expect(history.at(4)?.membership).toEqual(first);
    expect(history.at(5)?.membership).toEqual(second);
    expect(history.at(0)).toBeUndefined();
  });

  test('goes back when its entry is truncated (B33)', () => {
    const history = withBoth();
    history.truncatedFrom(6);
    expect(history.currentIndex).toBe(5);
    history.truncatedFrom(5);
    expect(history.current).toEqual(first);
    history.truncatedFrom(1);
    expect(history.current).toBeUndefined();
  });

  test('is replaced by an installed snapshot, and keeps what follows an own one (B32)', () => {
    const meta = { index: 3, membership: encodeMembership(first) };
    const own = withBoth();
    own.snapshotTaken(meta, false);
    expect([own.currentIndex, own.at(3)?.index]).toEqual([5, 3]);
    const installed = withBoth();
    installed.snapshotTaken(meta, true);
    expect(installed.currentIndex).toBe(3);
  });

  test('disputes an incarnation while an uncommitted entry may be undone', () => {
    const history = withBoth();
    const isUndisputed = (id: string, incarnation: number, commitIndex: number): boolean =>
      history.isUndisputed({ id, incarnation }, { commitIndex, record: undefined });
    expect(isUndisputed('b', 2, 4)).toBe(false);
    expect(isUndisputed('b', 77, 4)).toBe(false);
    expect(isUndisputed('b', 77, 5)).toBe(true);
    expect(isUndisputed('a', 1, 0)).toBe(true);
    expect(isUndisputed('somebody else', 1, 0)).toBe(true);
  });

  test('takes a record as proof of what was committed before a restart', () => {
    const known = { commitIndex: 0, record: encodeMembership(second) };
    expect(withBoth().isUndisputed({ id: 'b', incarnation: 77 }, known)).toBe(true);
  });
});
