import { expect, test } from 'vitest';
import { defaultEnsembleLimits, defaultPeerLimits } from '../limits.ts';
import { Machine } from '../machine/machine.ts';
import { memoryStorage } from '../peer/memory-storage.ts';
import { encodeMembership } from '../raft/membership.ts';
import { testEntries, testMembership } from '../raft/testing/lone-peer.ts';
import type { ReplicaInput, ReplicaOutput } from './contract.ts';
import { Replica } from './replica.ts';

const membership = testMembership(['b', 'a']);
const founding = encodeMembership(membership);

/** A follower with tiny chunks and ten committed entries, of which it takes a snapshot. */
function followerWithOwnSnapshot(): { replica: Replica; outputs: ReplicaOutput[] } {
  const limits = { ...defaultPeerLimits, snapshotAfterEntries: 5, snapshotChunkBytes: 1, logEntriesKept: 1 };
  const replica = new Replica(
    {
      ...limits,
      ensembleLimits: defaultEnsembleLimits,
      raft: {
        ...limits,
        id: 'b',
        incarnation: 1,
        members: { a: '', b: '' },
        heartbeatTicks: 2,
        electionTicks: 10,
        tickMs: 10,
        randomU32: () => 0,
      },
    },
    {
      hardState: { term: 1, vote: undefined, founding },
      snapshot: undefined,
      entries: testEntries(Array<number>(10).fill(1), membership),
    },
    new Machine(),
  );
  return { replica, outputs: [replica.start(0)] };
}

/** Everything that has become durable, in the order of its persists; then the replica is told so. */
async function persistAll(
  { replica, outputs }: ReturnType<typeof followerWithOwnSnapshot>,
  storage: ReturnType<typeof memoryStorage>,
): Promise<void> {
  for (let output = outputs.shift(); output !== undefined; output = outputs.shift()) {
    for (const { ticket, batch } of output.persists) {
      await storage.write(batch);
      outputs.push(replica.step({ kind: 'persisted', ticket, wallMs: 0 }));
    }
  }
}

test('an own snapshot that is half written gives way to one that arrives: a storage writes one at a time', async () => {
  const follower = followerWithOwnSnapshot();
  const { replica, outputs } = follower;
  const storage = memoryStorage();
  await storage.open({ member: 'b', ensemble: 'quorate', incarnation: 1 });
  await storage.write({ entries: testEntries(Array<number>(10).fill(1), membership) });
  await persistAll(follower, storage);

  const step = (input: ReplicaInput): ReplicaOutput => {
    const output = replica.step(input);
    outputs.push(output);
    return output;
  };
  const header = { from: 'a', to: 'b', term: 1, incarnation: 2 };
  const heartbeat = {
    previousIndex: 10,
    previousTerm: 1,
    entries: [],
    commitIndex: 10,
    durableIndex: 0,
    round: 0,
  };
  const begun = step({ kind: 'message', message: { kind: 'append', ...header, ...heartbeat }, wallMs: 0 });
  expect(begun.persists).toMatchObject([{ batch: { snapshotChunk: { offset: 0, last: false } } }]);

  const writer = new Machine().beginSnapshot(1);
  const meta = { index: 50, term: 1, elapsedMs: 0, membership: founding };
  let offset = 0;
  for (let count = 0; count < 2; count += 1) {
    const { bytes } = writer.next();
    const chunk = { meta, offset, bytes, last: false, round: 0 };
    step({ kind: 'message', message: { kind: 'install-snapshot', ...header, ...chunk }, wallMs: 0 });
    offset += bytes.length;
    await persistAll(follower, storage);
    step({ kind: 'continue', wallMs: 0 });
  }
  expect(replica.raft.isReceivingSnapshot).toBe(true);
  expect(outputs.flatMap(({ persists }) => persists)).toEqual([]);
});
