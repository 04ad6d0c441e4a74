/**
 * A worker: claims a job with an ephemeral znode, does it, and records it in one atomic step. If its peer
 * dies, it goes on through another one; what it had claimed becomes free when its old session expires.
 */
import { CoordinationError, op, type Peer, type Session } from '@quorate/core';
import { factsOf, type FileFacts } from './jobs.ts';

export type Job = { readonly file: string; readonly state: 'todo' };
export type DoneJob = {
  readonly file: string;
  readonly state: 'done';
  readonly by: string;
  readonly facts: FileFacts;
};

export interface WorkerOptions {
  readonly name: string;
  readonly root: string;
  /** A running peer; asked again when the last one died. */
  readonly peer: () => Peer;
  readonly recorded: (job: string, worker: string) => void;
  readonly sessionTimeoutMs: number;
}

export async function work(options: WorkerOptions): Promise<void> {
  for (;;) {
    try {
      await using session = await options.peer().openSession({ timeoutMs: options.sessionTimeoutMs });
      await workUntilDone(session, options);
      return;
    } catch (error) {
      // The peer died under this session, or the ensemble was without a leader for too long: start again.
      if (!(error instanceof CoordinationError)) throw error;
      await pause(20);
    }
  }
}

async function workUntilDone(session: Session, options: WorkerOptions): Promise<void> {
  for (;;) {
    const todo = await session.children('/todo');
    if (todo.length === 0) return;
    const first = Math.floor(Math.random() * todo.length);
    const job = todo[first];
    if (job === undefined || !(await claim(session, job))) {
      await pause(5);
      continue;
    }
    await doJob(session, job, options);
  }
}

/** Exactly one session can create the claim; it vanishes with that session. */
async function claim(session: Session, job: string): Promise<boolean> {
  const { created } = await session.create(`/claims/${job}`, session.id, {
    kind: 'ephemeral',
    ifAbsent: true,
  });
  return created;
}

async function doJob(session: Session, job: string, options: WorkerOptions): Promise<void> {
  const { name, root, recorded } = options;
  const path = `/jobs/${job}`;
  const { value } = await session.get<Job | DoneJob>(path, { consistency: 'linearizable' });
  if (value.state === 'todo') {
    const facts = factsOf(root, value.file);
    const done: DoneJob = { file: value.file, state: 'done', by: name, facts };
    // Either all of this happens or nothing: recorded, counted, and no longer to do.
    await session.multi([
      op.compareAndSet<Job | DoneJob>(path, value, done),
      op.increment('/done', 1),
      op.increment(`/workers/${name}`, 1),
      op.delete(`/todo/${job}`),
    ]);
    recorded(job, name);
  }
  await session.delete(`/claims/${job}`, { ifExists: true });
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
