import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { electionResult, quorumValue, unanimousValue } from './quorum.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

/** The definition: the highest value that more than half of a set has reached. */
function reachedByMajority(voters: readonly string[], values: ReadonlyMap<string, number>): number {
  const candidates = [...values.values(), 0].sort((left, right) => right - left);
  const isReached = (value: number): boolean =>
    voters.filter((voter) => (values.get(voter) ?? 0) >= value).length * 2 > voters.length;
  return candidates.find(isReached) ?? 0;
}

describe('quorum value', () => {
  test('is the value of the majority for every assignment of up to five voters (B18)', () => {
    for (let count = 1; count <= 5; count += 1) {
      const voters = names.slice(0, count);
      for (let code = 0; code < 4 ** count; code += 1) {
        const values = new Map(voters.map((voter, place) => [voter, Math.floor(code / 4 ** place) % 4]));
        const value = quorumValue({ voters, outgoing: [] }, (voter) => values.get(voter) ?? 0);
        expect(value).toBe(reachedByMajority(voters, values));
      }
    }
  });

  test('two of five voters at index 6 commit nothing there (openraft #1802)', () => {
    const match: Record<string, number> = { a: 6, b: 6, c: 3, d: 3, e: 2 };
    const sets = { voters: ['a', 'b', 'c', 'd', 'e'], outgoing: [] };
    expect(quorumValue(sets, (voter) => match[voter] ?? 0)).toBe(3);
  });

  test('two of four are no majority, three are (hashicorp 163a55f)', () => {
    const sets = { voters: ['a', 'b', 'c', 'd'], outgoing: [] };
    expect(quorumValue(sets, (voter) => ('ab'.includes(voter) ? 5 : 1))).toBe(1);
    expect(quorumValue(sets, (voter) => ('abc'.includes(voter) ? 5 : 1))).toBe(5);
  });

  test('a joint membership needs a majority of each set, whatever they share (4.3)', () => {
    const set = fc.subarray(names, { minLength: 1 });
    fc.assert(
      fc.property(
        set,
        set,
        fc.array(fc.nat(9), { minLength: 7, maxLength: 7 }),
        (voters, outgoing, values) => {
          const byName = new Map(names.map((name, place) => [name, values[place] ?? 0]));
          const expected = Math.min(reachedByMajority(voters, byName), reachedByMajority(outgoing, byName));
          expect(quorumValue({ voters, outgoing }, (voter) => byName.get(voter) ?? 0)).toBe(expected);
        },
      ),
    );
  });

  test('any two quorums of one membership, joint or not, have a voter in common', () => {
    const set = fc.subarray(names, { minLength: 1 });
    const yes = fc.subarray(names);
    fc.assert(
      fc.property(set, fc.subarray(names), yes, yes, (voters, outgoing, first, second) => {
        const sets = { voters, outgoing };
        const isQuorum = (members: readonly string[]): boolean =>
          quorumValue(sets, (voter) => (members.includes(voter) ? 1 : 0)) === 1;
        fc.pre(isQuorum(first) && isQuorum(second));
        const shared = [...voters, ...outgoing].filter((id) => first.includes(id) && second.includes(id));
        expect(shared.length).toBeGreaterThan(0);
      }),
    );
  });
});

test('the unanimous value is the lowest of both sets', () => {
  const values: Record<string, number> = { a: 5, b: 4, c: 9 };
  expect(unanimousValue({ voters: ['a', 'b'], outgoing: [] }, (voter) => values[voter] ?? 0)).toBe(4);
  expect(unanimousValue({ voters: ['a', 'c'], outgoing: ['b'] }, (voter) => values[voter] ?? 0)).toBe(4);
});

describe('election result', () => {
  const sets = { voters: ['a', 'b', 'c'], outgoing: [] };
  const votes = (yes: string, no = ''): Map<string, boolean> =>
    new Map([
      ...yes.split('').map((id) => [id, true] as const),
      ...no.split('').map((id) => [id, false] as const),
    ]);

  test.each([
    ['a', '', 'pending'],
    ['ab', '', 'won'],
    ['a', 'b', 'pending'],
    ['a', 'bc', 'lost'],
    ['abc', '', 'won'],
    ['', 'ab', 'lost'],
    ['axyz', '', 'pending'],
  ] as const)('with %j for and %j against among three it is %s (B01)', (yes, no, result) => {
    expect(electionResult(sets, votes(yes, no), 'quorum')).toBe(result);
  });

  test('a founding needs every vote, and one refusal ends it', () => {
    expect(electionResult(sets, votes('ab'), 'unanimous')).toBe('pending');
    expect(electionResult(sets, votes('ab', 'c'), 'unanimous')).toBe('lost');
    expect(electionResult(sets, votes('abc'), 'unanimous')).toBe('won');
  });

  test('a joint election is lost as soon as one of the sets cannot be won', () => {
    const joint = { voters: ['a', 'b', 'c'], outgoing: ['d'] };
    expect(electionResult(joint, votes('abc', 'd'), 'quorum')).toBe('lost');
    expect(electionResult(joint, votes('abc'), 'quorum')).toBe('pending');
    expect(electionResult(joint, votes('abd'), 'quorum')).toBe('won');
  });
});
