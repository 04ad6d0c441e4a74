import {
  BatchBuilder,
  encodeSystemBatch,
  encodeValue,
  sourceOf,
  type Change,
  type SystemOp,
  type ZnodeRecord,
} from '@quorate/core/inspect';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ObservedStep } from '../invariant.ts';
import { disguised, overlaid, type QuietRun, quietRun, stepOf } from '../testing/quiet-run.ts';
import { cversionMonotone } from './cversion-monotone.ts';
import { dedupOnce } from './dedup-once.ts';
import { digestAgreement } from './digest-agreement.ts';
import { historyContiguous } from './history-contiguous.ts';
import { multiAtomic } from './multi-atomic.ts';
import { noOpAfterClose } from './no-op-after-close.ts';
import { reapedOnEvidence } from './reaped-on-evidence.ts';
import { replayEqualsLive } from './replay-equals-live.ts';
import { sequenceNamesUnique } from './sequence-names-unique.ts';
import { sessionEphemeral } from './session-ephemeral.ts';
import { statConsistent } from './stat-consistent.ts';
import { stateValidates } from './state-validates.ts';

const invariants = [
  cversionMonotone,
  dedupOnce,
  digestAgreement,
  historyContiguous,
  multiAtomic,
  noOpAfterClose,
  reapedOnEvidence,
  replayEqualsLive,
  sequenceNamesUnique,
  sessionEphemeral,
  statConsistent,
  stateValidates,
];

let run: QuietRun;
beforeAll(async () => {
  run = await quietRun(invariants);
});

const queue = (): ZnodeRecord => {
  const record = run.leader.replica.machine.tree.get('/queue');
  if (record === undefined) throw new TypeError('the run makes a queue');
  return record;
};

/** The next zxid, which changes these znodes, and perhaps what the leader's tree shows afterwards. */
function changing(
  changes: readonly Change[],
  lies: { tree?: object; raft?: object; output?: object } = {},
): ObservedStep {
  const zxid = run.ledger.fresh.zxid + 1;
  const { machine, raft } = run.leader.replica;
  const tree = lies.tree === undefined ? machine.tree : { read: () => lies.tree };
  const transactionsAfter = () => [{ zxid, changes }];
  const peer = disguised(run.leader, { machine: { transactionsAfter, tree }, raft: lies.raft ?? {} });
  const index = raft.lastIndex;
  const after = { zxid, appliedIndex: index };
  return stepOf(peer, {
    before: { zxid: zxid - 1, appliedIndex: index - 1 },
    after,
    ...(lies.output ? { output: lies.output } : {}),
  });
}

const created = (path: string): Change => {
  const zxid = run.ledger.fresh.zxid + 1;
  const after = overlaid(queue(), { path, czxid: zxid, mzxid: zxid, pzxid: zxid, version: 0 });
  return { path, before: undefined, after };
};

const replies = (firstRequest: number, zxid: number, sessionId = 7) =>
  ({
    kind: 'replies',
    sessionId,
    holder: 1,
    firstRequest,
    replies: [{ zxid, result: { kind: 'none' } }],
  }) as const;
const ended = (sessionId: number) => ({ kind: 'session-ended', sessionId, code: 'SESSION_EXPIRED' }) as const;

describe('DigestAgreement', () => {
  test('is broken by another digest at the same index', () => {
    const liar = disguised(run.follower, { machine: { digest: () => 'f'.repeat(16) } });
    const watch = run.watchOf(digestAgreement);
    watch.swept({ ...run.view, peers: [run.follower] });
    expect(() => watch.swept({ ...run.view, peers: [liar] })).toThrow('differ at one index');
  });

  test('is broken by a replica that says so', () => {
    const notice = { kind: 'divergence', index: 128, expected: 'a', actual: 'b' } as const;
    const step = stepOf(run.follower, { output: { notices: [notice] } });
    expect(() => run.watchOf(digestAgreement).stepped(step, run.view)).toThrow('says that it diverged');
  });
});

describe('ReplayEqualsLive', () => {
  test('has replayed a real snapshot, and is broken by another state', () => {
    const watch = run.watchOf(replayEqualsLive);
    expect(run.follower.replica.raft.snapshotIndex).toBeGreaterThan(0);
    expect(() => watch.ended({ ...run.view, peers: [run.follower] })).not.toThrow();
    const liar = disguised(run.follower, { machine: { digest: () => 'f'.repeat(16) } });
    expect(() => watch.ended({ ...run.view, peers: [liar] })).toThrow('another state');
  });
});

describe('SessionEphemeral', () => {
  test('is broken by ephemerals that outlive their session', () => {
    const output = { applied: [{ index: 1, items: [ended(run.sessionId)] }] };
    const step = stepOf(run.leader, { output });
    expect(() => run.watchOf(sessionEphemeral).stepped(step, run.view)).toThrow('outlive their session');
  });

  test('is broken by an owner that is not there', () => {
    const liar = disguised(run.leader, { machine: { session: () => undefined } });
    const look = () => run.watchOf(sessionEphemeral).ended({ ...run.view, peers: [liar] });
    expect(look).toThrow('no owner that lives');
  });
});

describe('NoOpAfterClose', () => {
  test.each([
    [
      'in a later entry',
      [
        { index: 10, items: [ended(7)] },
        { index: 11, items: [replies(1, 5)] },
      ],
    ],
    ['later in the same entry', [{ index: 10, items: [ended(8), replies(1, 5, 8)] }]],
  ])('is broken by an answer to a session that ended, %s', (_where, applied) => {
    const step = stepOf(run.leader, { output: { applied } });
    expect(() => run.watchOf(noOpAfterClose).stepped(step, run.view)).toThrow('was answered');
  });

  test('allows what came before the end, applied again by a restarted replica', () => {
    const applied = [{ index: 20, items: [replies(1, 5, 9), ended(9)] }];
    const watch = run.watchOf(noOpAfterClose);
    watch.stepped(stepOf(run.leader, { output: { applied } }), run.view);
    expect(() => watch.stepped(stepOf(run.follower, { output: { applied } }), run.view)).not.toThrow();
  });
});

describe('the counters of a parent', () => {
  test('CversionMonotone is broken by a cversion that misses a child', () => {
    const step = changing([created('/queue/x')], { tree: queue() });
    expect(() => run.watchOf(cversionMonotone).stepped(step, run.view)).toThrow(
      'does not count its children',
    );
  });

  test('SequenceNamesUnique is broken by a create counter that stands still', () => {
    const step = changing([created('/queue/x')], { tree: queue() });
    expect(() => run.watchOf(sequenceNamesUnique).stepped(step, run.view)).toThrow(
      'does not count creations',
    );
  });

  test('SequenceNamesUnique is broken by a sequential name that is given twice, not by one that is plainly asked for', () => {
    const path = '/new/item-0000000001';
    let createCount = 0;
    const asked = (sequential: boolean) => {
      const builder = new BatchBuilder();
      const value = sourceOf(encodeValue(1));
      const create = { value, createKind: 'persistent', ttlMs: 0, parents: 'none', ifAbsent: false } as const;
      builder.add({ kind: 'create', path: sequential ? '/new/item-' : path, sequential, ...create });
      const body = builder.finish({ sessionId: 7, holder: 1, firstRequest: 1, acknowledgedThrough: 0 });
      const entry = {
        ...run.leader.replica.raft.entryAt(run.leader.replica.raft.lastIndex),
        kind: 'commands',
        body,
      };
      const raft = { entryAt: () => entry };
      // The parent counts correctly: each look sees one creation more.
      createCount += 1;
      const tree = overlaid(queue(), { path: '/new', czxid: 77, createCount });
      return changing([created(path)], { tree, raft });
    };
    const watch = run.watchOf(sequenceNamesUnique);
    watch.stepped(asked(true), run.view);
    watch.stepped(asked(false), run.view);
    expect(() => watch.stepped(asked(true), run.view)).toThrow('given twice');
  });
});

describe('MultiAtomic', () => {
  test('is broken by a failed command that changed something', () => {
    const zxid = run.ledger.fresh.zxid + 1;
    const failure = { zxid, result: { kind: 'error', code: 'BAD_VERSION', details: {} } };
    const item = { ...replies(1, zxid), replies: [failure] };
    const step = changing([created('/queue/x')], { output: { applied: [{ index: 1, items: [item] }] } });
    expect(() => run.watchOf(multiAtomic).stepped(step, run.view)).toThrow('failed and changed something');
  });

  test('is broken by an operation of a multi with a zxid of its own', () => {
    const zxid = run.ledger.fresh.zxid + 1;
    const results = [{ kind: 'stat', stat: overlaid(queue(), { mzxid: zxid - 1 }) }];
    const item = { ...replies(1, zxid), replies: [{ zxid, result: { kind: 'multi', results } }] };
    const step = changing([], { output: { applied: [{ index: 1, items: [item] }] } });
    expect(() => run.watchOf(multiAtomic).stepped(step, run.view)).toThrow('another zxid');
  });
});

describe('StatConsistent', () => {
  test.each([
    ['a version that skips', { version: 5 }],
    ['another creation', { czxid: 1, ctime: 1 }],
    ['an old mzxid', { mzxid: 3 }],
    ['time that runs backwards', { mtime: 1 }],
  ])('is broken by %s', (_what, lie) => {
    const before = queue();
    const zxid = run.ledger.fresh.zxid + 1;
    const right = { mzxid: zxid, version: before.version + 1 };
    const tell = (lies: object) => {
      const change = { path: '/queue', before, after: overlaid(before, lies) };
      run.watchOf(statConsistent).stepped(changing([change]), run.view);
    };
    expect(() => tell(right)).not.toThrow();
    expect(() => tell({ ...right, ...lie })).toThrow('StatConsistent');
  });

  test('is broken by a tree whose numbers disagree', () => {
    const { tree } = run.leader.replica.machine;
    const lied = overlaid(queue(), { childrenCount: 99_999 });
    const liar = disguised(run.leader, {
      machine: { tree: { walk: () => [lied], names: tree.names.bind(tree) } },
    });
    const look = () => run.watchOf(statConsistent).ended({ ...run.view, peers: [liar] });
    expect(look).toThrow('childrenCount does not count');
  });
});

describe('DedupOnce', () => {
  test('is broken by a request with two zxids, not by an answer that is repeated', () => {
    const tell = (zxid: number) =>
      run
        .watchOf(dedupOnce)
        .stepped(
          stepOf(run.leader, { output: { applied: [{ index: 1, items: [replies(3, zxid)] }] } }),
          run.view,
        );
    tell(500);
    tell(500);
    expect(() => tell(501)).toThrow('applied twice');
  });
});

describe('HistoryContiguous', () => {
  test('is broken by a transaction that is missing in the middle', () => {
    const { machine } = run.leader.replica;
    const all = machine.transactionsAfter(machine.oldestZxid);
    if (all === 'compacted') throw new TypeError('there is a history');
    const liar = disguised(run.leader, {
      machine: { transactionsAfter: () => all.filter((_each, at) => at !== 5) },
    });
    const look = () => run.watchOf(historyContiguous).ended({ ...run.view, peers: [liar] });
    const facts = expect.objectContaining({ missing: [all[5]?.zxid], unknown: [] });
    expect(look).toThrow(expect.objectContaining({ facts }));
  });
});

describe('ReapedOnEvidence', () => {
  const zxid = 500;
  const index = 10_000_000;
  const done = { kind: 'none' };

  /** Tells of one deletion of the ensemble's, and of what the history says that it deleted. */
  const reap = (op: SystemOp, deleted: Partial<ZnodeRecord>, result: object) => (): void => {
    const body = encodeSystemBatch({ kind: 'system', origin: 'a', incarnation: 1, ticket: 0, op });
    const before = overlaid(queue(), { path: '/reaped', ...deleted });
    const changes = [{ path: '/reaped', before, after: undefined }];
    const peer = disguised(run.leader, {
      raft: { entryAt: () => ({ index, kind: 'commands', body }) },
      machine: { transactionsAfter: () => [{ zxid, changes }] },
    });
    const items = [{ kind: 'system', origin: 'a', incarnation: 1, ticket: 0, reply: { zxid, result } }];
    const output = { applied: [{ index, items: items as never }] };
    reapedOnEvidence.watch(run.ledger).stepped?.(stepOf(peer, { output }), run.view);
  };
  const container = { kind: 'reap-container', path: '/reaped', pzxid: 400 } as const;
  const ttl = { kind: 'reap-ttl', path: '/reaped', mzxid: 400 } as const;

  test('is broken by a container whose children have changed, and by a TTL znode that was written', () => {
    expect(reap(container, { pzxid: 400, mzxid: 1 }, done)).not.toThrow();
    expect(reap(container, { pzxid: 401 }, done)).toThrow('had changed');
    expect(reap(ttl, { mzxid: 400, pzxid: 1 }, done)).not.toThrow();
    expect(reap(ttl, { mzxid: 401 }, done)).toThrow('had changed');
  });

  test('asks nothing of a deletion that was refused', () => {
    const refused = { kind: 'error', code: 'COMPARE_FAILED', details: {} };
    expect(reap(container, { pzxid: 401 }, refused)).not.toThrow();
  });
});

describe('StateValidates', () => {
  test('is broken by what the replica finds wrong with itself', () => {
    const validate = () => {
      throw new TypeError('the sum is wrong');
    };
    const liar = disguised(run.leader, { replica: { validate } });
    expect(() => run.watchOf(stateValidates).ended({ ...run.view, peers: [liar] })).toThrow(
      'the sum is wrong',
    );
  });
});
