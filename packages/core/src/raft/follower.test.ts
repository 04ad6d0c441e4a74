/** A follower's log, by sections of the Raft thesis, and the bugs of other implementations. */
import { describe, expect, test } from 'vitest';
import type { Append } from './messages.ts';
import { append, LonePeer, testEntries } from './testing/lone-peer.ts';

const appends = (messages: readonly { readonly kind: string }[]): readonly Append[] =>
  messages.filter((message): message is Append => message.kind === 'append');

/** A follower with these terms in its log. */
function follower(terms: readonly number[], term?: number): LonePeer {
  return new LonePeer({ terms, ...(term === undefined ? {} : { term }) });
}

describe('the consistency check (3.5)', () => {
  test('an append after an unknown entry is refused, with the place where to go on', () => {
    const peer = follower([1, 1, 4, 4]);
    expect(append(peer, 6, [4], { previousTerm: 4 })).toMatchObject([
      { accepted: false, previousIndex: 6, hintIndex: 4, hintTerm: 4 },
    ]);
    expect(append(peer, 4, [5], { previousTerm: 3, term: 5 })).toMatchObject([
      { accepted: false, hintIndex: 2, hintTerm: 1 },
    ]);
    expect(peer.terms).toEqual([1, 1, 4, 4]);
  });

  test('only a conflict truncates: a late, shorter append erases nothing that was acknowledged (B19)', () => {
    const peer = follower([1, 1, 1, 1]);
    expect(append(peer, 1, [1])).toMatchObject([{ accepted: true, matchIndex: 2 }]);
    expect(peer.terms).toEqual([1, 1, 1, 1]);
    expect(append(peer, 1, [])).toMatchObject([{ accepted: true, matchIndex: 1 }]);
    expect(peer.terms).toEqual([1, 1, 1, 1]);
    append(peer, 2, [2], { term: 2 });
    expect(peer.terms).toEqual([1, 1, 2]);
  });

  test('what is committed is never truncated: a leader that asks for it is a bug', () => {
    const peer = follower([1, 1, 1]);
    append(peer, 3, [], { commitIndex: 3 });
    expect(() => append(peer, 1, [2], { term: 2 })).toThrow('committed');
  });

  test('an append after an entry that is compacted away here is no conflict (B20)', () => {
    const peer = new LonePeer({
      terms: [3],
      snapshot: {
        index: 5,
        term: 2,
        elapsedMs: 5,
        membership: follower([1]).outputs.length > 0 ? bytes() : bytes(),
      },
    });
    expect(append(peer, 2, [1, 2, 2, 3, 3], { previousTerm: 1 })).toMatchObject([
      { accepted: true, matchIndex: 7 },
    ]);
    expect(peer.terms).toEqual([3, 3]);
  });

  test('an empty append with term 0 does not pass after a compaction (B20: etcd-io/raft 76f1249)', () => {
    const peer = new LonePeer({
      terms: [3],
      snapshot: { index: 5, term: 2, elapsedMs: 5, membership: bytes() },
    });
    expect(append(peer, 9, [], { previousTerm: 0 })).toMatchObject([{ accepted: false }]);
  });
});

/** The encoded membership of a lone peer with the default ids. */
function bytes(): Uint8Array {
  const [first] = testEntries([1], follower([1]).membership);
  return first?.body ?? new Uint8Array(0);
}

describe('the commit index of a follower', () => {
  test('goes no further than what this append has shown to be the same (B15)', () => {
    const peer = follower([1, 1, 1, 1], 2);
    append(peer, 2, [], { commitIndex: 4 });
    expect(peer.raft.commitIndex).toBe(2);
    append(peer, 2, [2], { commitIndex: 9, term: 2 });
    expect([peer.raft.commitIndex, peer.terms]).toEqual([3, [1, 1, 2]]);
  });

  test('never moves back (B15)', () => {
    const peer = follower([1, 1, 1]);
    append(peer, 3, [], { commitIndex: 3 });
    append(peer, 1, [], { commitIndex: 1 });
    expect(peer.raft.commitIndex).toBe(3);
  });

  test('what is durable everywhere is known as far as it is committed here', () => {
    const peer = follower([1, 1, 1]);
    append(peer, 3, [], { commitIndex: 2, durableIndex: 3 });
    expect(peer.raft.durableIndex).toBe(2);
    append(peer, 3, [], { commitIndex: 3, durableIndex: 1 });
    expect(peer.raft.durableIndex).toBe(2);
  });
});

describe('acknowledgements', () => {
  test('of entries wait until they are durable; heartbeats are answered at once with what is (B02)', () => {
    const peer = follower([1]);
    peer.isAutoPersist = false;
    expect(append(peer, 1, [1, 1])).toEqual([]);
    expect(peer.outputs.at(-1)?.sendAfterPersist).toMatchObject([{ accepted: true, matchIndex: 3 }]);
    expect(append(peer, 3, [], { round: 5 })).toMatchObject([{ accepted: true, matchIndex: 1, round: 5 }]);
    peer.step({ kind: 'persisted', ticket: 1 });
    expect(append(peer, 3, [], { round: 6 })).toMatchObject([{ matchIndex: 3, round: 6 }]);
  });

  test('of repeated entries that are on their way to the disk wait for them too', () => {
    const peer = follower([1]);
    peer.isAutoPersist = false;
    append(peer, 1, [1]);
    expect(append(peer, 1, [1])).toEqual([]);
    expect([peer.outputs.at(-1)?.persist, peer.outputs.at(-1)?.sendAfterPersist.length]).toEqual([
      undefined,
      1,
    ]);
  });
});

describe('divergent logs (Figure 3.6)', () => {
  const leaderTerms = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
  test.each([
    ['a', [1, 1, 1, 4, 4, 5, 5, 6, 6]],
    ['b', [1, 1, 1, 4]],
    ['c', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]],
    ['d', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]],
    ['e', [1, 1, 1, 4, 4, 4, 4]],
    ['f', [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]],
  ])(
    'follower (%s) is brought to the leader’s log, in at most one refusal a conflicting term',
    (_name, terms) => {
      const leader = new LonePeer({ terms: leaderTerms, term: 7 });
      leader.lead();
      const peer = new LonePeer({ ids: ['b', 'a', 'c'], terms, term: 7 });
      let refusals = 0;
      const pending = appends(leader.sent).filter((message) => message.to === 'b');
      for (let message = pending.shift(); message !== undefined; message = pending.shift()) {
        for (const reply of peer.receive('a', message)) {
          if (reply.kind === 'append-reply' && !reply.accepted) refusals += 1;
          pending.push(
            ...appends(leader.receive('b', { ...reply, incarnation: 2 })).filter(({ to }) => to === 'b'),
          );
        }
      }
      expect(peer.terms).toEqual([...leaderTerms, 8]);
      expect(refusals).toBeLessThanOrEqual(2);
    },
  );
});
