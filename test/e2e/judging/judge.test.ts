/** The judge of real runs notices what must not happen. */
import { openObservedPeer, type Replica } from '@quorate/core/inspect';
import type { Entry } from '@quorate/core/ports';
import { History, type OperationRecord, Recorder } from '@quorate/simulator';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RecordedHistory } from '../processes/messages.ts';
import { judge } from './judge.ts';

let history: RecordedHistory;
const log: Entry[] = [];

beforeAll(async () => {
  let replica: Replica | undefined;
  const peer = await openObservedPeer(
    { id: 'a' },
    {
      opened(opened) {
        replica = opened;
      },
      stepped() {
        const raft = replica?.raft;
        for (let index = log.length + 1; index <= (raft?.commitIndex ?? 0); index += 1) {
          if (raft !== undefined) log.push(raft.entryAt(index));
        }
      },
      sent() {},
    },
  );
  const recording = new History({ nowMs: () => performance.now() });
  const session = new Recorder(recording).record(await peer.openSession(), { client: 'x' });
  for (const path of ['/counters', '/counters/0', '/register']) await session.create(path, 0);
  const watch = session.watch('/register')[Symbol.asyncIterator]();
  await watch.next();
  for (let at = 0; at < 3; at += 1) await session.increment('/counters/0');
  await session.set('/register', 'first');
  await session.set('/register', 'second');
  await watch.next();
  await watch.next();
  await session.get('/register', { consistency: 'linearizable' });
  await session.get('/counters/0', { consistency: 'linearizable' });
  history = {
    operations: recording.operations(),
    watches: recording.watches(),
    sessions: recording.sessions(),
  };
  await peer.close();
});

/** The history with one of its operations changed. */
function withChanged(
  find: (operation: OperationRecord) => boolean,
  change: Partial<OperationRecord>,
): RecordedHistory {
  const operations = history.operations.map((each) => (find(each) ? { ...each, ...change } : each));
  return { ...history, operations };
}

const isRead = ({ call }: OperationRecord): boolean => call.kind === 'get' && call.path === '/register';

describe('the judge of a run', () => {
  it('finds nothing wrong where nothing is', () => {
    expect(judge(history, log)).toMatchObject({ problems: [], undecidedCount: 0, unknownCount: 0 });
  });

  it('notices an acknowledged increment that did not count', () => {
    const [increment] = history.operations.filter(({ call }) => call.kind === 'increment');
    const operations = [...history.operations, ...(increment === undefined ? [] : [increment])];
    const { problems } = judge({ ...history, operations }, log);
    expect(problems).toContain('/counters/0 is 3; 4 increments were acknowledged and 0 are unknown');
  });

  it('notices a read of what was overwritten before it', () => {
    const [first] = history.operations.filter(({ call }) => call.kind === 'set');
    const stat =
      first?.ending.kind === 'answered' && 'stat' in first.ending.result && first.ending.result.stat;
    if (typeof stat !== 'object') throw new TypeError('a set answers a stat');
    const stale = withChanged(isRead, {
      ending: { kind: 'answered', result: { kind: 'znode', value: 'first', stat } },
    });
    expect(judge(stale, log).problems.join()).toMatch(/Linearizable/);
  });

  it('notices a write that is in no log', () => {
    expect(judge(history, log.slice(0, -2)).problems).not.toEqual([]);
  });

  it('notices a watch that lost an event, and one that told it twice', () => {
    const withBatches = (pick: (at: number) => readonly number[]): RecordedHistory => ({
      ...history,
      watches: history.watches.map((watch) => ({
        ...watch,
        batches: watch.batches.flatMap((batch, at) => pick(at).map(() => batch)),
      })),
    });
    expect(
      judge(
        withBatches((at) => (at === 1 ? [] : [at])),
        log,
      ).problems.join(),
    ).toMatch(/Watch/);
    expect(
      judge(
        withBatches((at) => (at === 1 ? [at, at] : [at])),
        log,
      ).problems.join(),
    ).toMatch(/Watch/);
  });
});
