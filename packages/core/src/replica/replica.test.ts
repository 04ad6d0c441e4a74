import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { plain } from '../tree/testing/facts.ts';
import type { ReplicaOutput } from './contract.ts';
import { RecordedEnsemble, replay, someOp } from './testing/recorded-ensemble.ts';

/** Sessions everywhere write, read, watch and touch; messages are lost, and leaders come and go. */
function run(seed: number): RecordedEnsemble {
  const ensemble = new RecordedEnsemble(seed);
  const below = (bound: number): number => ensemble.below(bound);
  ensemble.elect();
  for (const id of ensemble.ids) ensemble.openSession(id);
  ensemble.lossPercent = 3;
  for (let round = 0; round < 60; round += 1) {
    for (const session of ensemble.sessions) {
      const { id: sessionId, at } = session;
      // As a link does after a while: what was lost is numbered again.
      if (below(3) === 0) session.lastRequest = ensemble.replica(at).machine.lastRequestOf(sessionId) ?? 0;
      const { lastRequest } = session;
      const place = { sessionId, afterRequest: lastRequest, minZxid: 0 };
      const id = ensemble.freshId();
      const way = below(8);
      if (way < 4)
        ensemble.submit(
          session,
          Array.from({ length: 1 + below(3) }, () => someOp(below)),
        );
      else if (way === 4) {
        const consistency = below(2) === 0 ? 'linearizable' : 'session';
        const query = { kind: 'list', path: '/', after: undefined, limit: undefined } as const;
        ensemble.push(at, { kind: 'read', request: { ...place, id, consistency, query } });
      } else if (way === 5) {
        const request = { ...place, id, path: '/', scope: 'subtree', from: undefined } as const;
        ensemble.push(at, { kind: 'watch', request });
      } else if (way === 6) ensemble.push(at, { kind: 'touch', id, sessions: [sessionId] });
      else ensemble.push(at, { kind: 'cancel-read', id: below(id) });
    }
    const { leader } = ensemble;
    if (leader !== undefined && below(15) === 0) ensemble.push(leader, { kind: 'transfer', to: undefined });
    const cut = ensemble.ids[below(3)];
    if (cut !== undefined && below(20) === 0) {
      for (const other of ensemble.ids) {
        if (other !== cut) ensemble.push(other, { kind: 'disconnected', member: cut });
      }
    }
    ensemble.turn(1 + below(3));
  }
  ensemble.lossPercent = 0;
  for (let turn = 0; turn < 60; turn += 1) ensemble.turn();
  return ensemble;
}

/** The matcher takes seconds for outputs of a whole run. */
function isSame(a: readonly ReplicaOutput[], b: readonly ReplicaOutput[]): boolean {
  return isDeepStrictEqual(plain(a), plain(b));
}

describe.each([1, 2, 3, 4, 5])('three replicas (seed %i)', (seed) => {
  const ensemble = run(seed);

  test('that took part in one run are equal at its end', () => {
    const ends = ensemble.ids.map((id) => {
      const { machine, raft } = ensemble.replica(id);
      return {
        zxid: machine.zxid,
        index: machine.appliedIndex,
        commit: raft.commitIndex,
        digest: machine.digest(),
      };
    });
    expect(ends).toEqual(ends.map(() => ends[0]));
    expect(ends[0]?.zxid).toBeGreaterThan(60);
    // The run was worth replaying: it has elections, snapshots, watches and reads.
    const outputs = ensemble.ids.flatMap((id) => ensemble.recording(id).outputs);
    expect(ensemble.ids.every((id) => ensemble.replica(id).raft.snapshotIndex > 0)).toBe(true);
    expect(outputs.some(({ watches }) => watches.some(({ kind }) => kind === 'changes'))).toBe(true);
    expect(outputs.some(({ reads }) => reads.length > 0)).toBe(true);
    expect(outputs.some(({ notices }) => notices.some(({ kind }) => kind === 'touched'))).toBe(true);
    expect(outputs.some(({ more }) => more)).toBe(true);
  });

  test('give the same outputs for the same inputs once more', () => {
    for (const id of ensemble.ids) {
      const recording = ensemble.recording(id);
      const again = replay(recording);
      expect(again.digest).toBe(ensemble.replica(id).machine.digest());
      expect(isSame(again.outputs, recording.outputs)).toBe(true);
    }
  });

  test('give other outputs for other inputs: the comparison above can fail', () => {
    const { inputs, outputs, config } = ensemble.recording('a');
    const without = inputs.findIndex(({ kind }) => kind === 'watch');
    const again = replay({ config, outputs, inputs: inputs.filter((_, at) => at !== without) });
    expect(isSame(again.outputs.slice(0, without + 1), outputs.slice(0, without + 1))).toBe(true);
    expect(isSame(again.outputs, outputs)).toBe(false);
  });
});

describe('a replica', () => {
  test('that follows hands batches to its leader, and one without a leader says so', () => {
    const ensemble = new RecordedEnsemble(7);
    ensemble.push('a', { kind: 'submit', batches: [] });
    ensemble.settle();
    const told = ensemble.recording('a').outputs.flatMap(({ notices }) => notices);
    expect(told.filter(({ kind }) => kind === 'propose-refused')).toEqual([
      { kind: 'propose-refused', reason: 'no-leader' },
    ]);
    const leader = ensemble.elect();
    const follower = ensemble.ids.find((id) => id !== leader) ?? '';
    const session = ensemble.openSession(follower);
    const from = ensemble.recording(follower).outputs.length;
    ensemble.submit(session, [someOp(() => 2)]);
    ensemble.settle();
    const sent = ensemble
      .recording(follower)
      .outputs.slice(from)
      .flatMap(({ sendNow }) => sendNow);
    expect(sent.filter(({ kind }) => kind === 'propose')).toMatchObject([{ to: leader }]);
  });

  test('that does not lead refuses what was proposed to it', () => {
    const ensemble = new RecordedEnsemble(8);
    const leader = ensemble.elect();
    const [first = '', second = ''] = ensemble.ids.filter((id) => id !== leader);
    const { term } = ensemble.replica(first).raft;
    const header = { from: second, to: first, term, incarnation: second.charCodeAt(0) };
    const session = ensemble.openSession(first);
    ensemble.submit(session, [someOp(() => 2)]);
    ensemble.settle();
    const submitted = ensemble.recording(first).inputs.find(({ kind }) => kind === 'submit');
    const batches = submitted?.kind === 'submit' ? submitted.batches : [];
    ensemble.push(first, { kind: 'message', message: { ...header, kind: 'propose', batches } });
    const from = ensemble.recording(first).outputs.length;
    ensemble.settle();
    const sent = ensemble
      .recording(first)
      .outputs.slice(from)
      .flatMap(({ sendNow }) => sendNow);
    expect(sent).toMatchObject([{ kind: 'propose-refused', to: second, reason: 'not-leader' }]);
  });

  test('drops a touch that reaches it while it does not lead: no later round may confirm it', () => {
    const ensemble = new RecordedEnsemble(8);
    const leader = ensemble.elect();
    const [first = '', second = ''] = ensemble.ids.filter((id) => id !== leader);
    const { id: sessionId } = ensemble.openSession(second);
    const { term } = ensemble.replica(first).raft;
    const header = { from: second, to: first, term, incarnation: second.charCodeAt(0) };
    const from = ensemble.recording(first).outputs.length;
    ensemble.push(first, {
      kind: 'message',
      message: { ...header, kind: 'touch', id: 1, sessions: [sessionId] },
    });
    ensemble.settle();
    const sent = ensemble
      .recording(first)
      .outputs.slice(from)
      .flatMap(({ sendNow }) => sendNow);
    expect(sent).toEqual([]);
  });

  test('tells of a digest that is not its own, once it is there itself', () => {
    const ensemble = new RecordedEnsemble(9);
    const leader = ensemble.elect();
    const follower = ensemble.ids.find((id) => id !== leader) ?? '';
    const { term } = ensemble.replica(leader).raft;
    const header = { from: leader, to: follower, term, incarnation: leader.charCodeAt(0) };
    const digest = '0000000000000000';
    // The leader's true one would take the place of this one.
    ensemble.isLost = (message) => message.kind === 'digest';
    ensemble.push(follower, { kind: 'message', message: { ...header, kind: 'digest', index: 128, digest } });
    const session = ensemble.openSession(leader);
    for (let count = 0; count < 130; count += 1) {
      ensemble.submit(session, [someOp(() => 2)]);
      ensemble.turn();
    }
    const notices = ensemble.recording(follower).outputs.flatMap((output) => output.notices);
    expect(notices.filter(({ kind }) => kind === 'divergence')).toMatchObject([
      { index: 128, expected: digest },
    ]);
    expect(
      ensemble
        .recording(leader)
        .outputs.flatMap((output) => output.notices.filter(({ kind }) => kind === 'divergence')),
    ).toEqual([]);
  });
});
