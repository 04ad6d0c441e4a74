/** A run of one real peer, recorded: for tests that spoil what it left behind. */
import type { Session } from '@quorate/core';
import { invariant, openObservedPeer, type Replica } from '@quorate/core/inspect';
import type { Entry } from '@quorate/core/ports';
import { History } from '../../history/history.ts';
import { Recorder } from '../../history/recorder.ts';

export interface OnePeerRun {
  readonly history: History;
  readonly log: readonly Entry[];
}

/** Opens a peer and a recorded session, lets it work, and answers all that is known of it. */
export async function recordOnePeer(
  work: (session: Session, open: () => Promise<Session>) => Promise<void>,
): Promise<OnePeerRun> {
  let replica: Replica | undefined;
  const observer = {
    opened: (opened: Replica) => void (replica = opened),
    stepped: () => undefined,
    sent: () => undefined,
  };
  const peer = await openObservedPeer({ id: 'a' }, observer);
  const history = new History({ nowMs: () => 0 });
  const recorder = new Recorder(history);
  let sessionsCount = 0;
  const open = async (): Promise<Session> => {
    sessionsCount += 1;
    return recorder.record(await peer.openSession(), { client: `c${sessionsCount}`, member: 'a' });
  };
  await work(await open(), open);
  invariant(replica !== undefined, 'an open peer has a replica');
  const { raft } = replica;
  const log: Entry[] = [];
  for (let index = 1; index <= raft.commitIndex; index += 1) log.push(raft.entryAt(index));
  await peer.close();
  return { history, log };
}
