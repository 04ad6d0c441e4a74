/**
 * Takes a lock as the ZooKeeper recipe does (an ephemeral sequential znode; the lowest number holds it), and uses
 * a resource that it guards. The token is the zxid of the znode's creation: the resource refuses older ones.
 */
import type { Session } from '@quorate/core';
import type { History } from '../../history/history.ts';
import type { ClientOptions } from './client.ts';

const locksCount = 2;

/** All locks of a run. */
export function locksOf(): readonly string[] {
  return Array.from({ length: locksCount }, (_, at) => `/l/${at}`);
}

/** A waiter gives up in the end, so that a client does other things too. */
const waitRoundsMax = 20;

/** What a lock guards, outside of the ensemble: it knows the highest token that it has seen, and nothing else. */
export class FencedResource {
  readonly #history: History;
  readonly #tokens = new Map<string, number>();

  constructor(history: History) {
    this.#history = history;
  }

  access(lock: string, client: string, token: number): boolean {
    const accepted = token >= (this.#tokens.get(lock) ?? 0);
    if (accepted) this.#tokens.set(lock, token);
    this.#history.addAccess({ kind: 'access', lock, client, token, at: this.#history.mark(), accepted });
    return accepted;
  }
}

export async function useLock(options: ClientOptions, session: Session): Promise<void> {
  const { history, name: client, resource, sleep, stream } = options;
  const lock = `/l/${stream.below(locksCount)}`;
  const calledAt = history.mark();
  const attempt = { kind: 'lock', lock, client, session: session.id, calledAt } as const;
  const created = await session.create(`${lock}/n-`, client, {
    kind: 'ephemeral',
    sequential: true,
    parents: true,
  });
  const znode = created.path;
  const token = created.stat.czxid;
  if (!(await waitForTurn(options, session, { lock, znode }))) {
    history.addLock({ ...attempt, acquired: undefined, releasedAt: history.mark() });
    await session.delete(znode, { ifExists: true });
    return;
  }
  const acquired = { at: history.mark(), token, znode };
  for (let count = stream.between(1, 3); count > 0 && !session.signal.aborted; count -= 1) {
    resource.access(lock, client, token);
    await sleep(stream.exponential(50));
  }
  history.addLock({ ...attempt, acquired, releasedAt: history.mark() });
  await session.delete(znode, { ifExists: true });
}

async function waitForTurn(
  { sleep }: ClientOptions,
  session: Session,
  { lock, znode }: { readonly lock: string; readonly znode: string },
): Promise<boolean> {
  for (let round = 0; round < waitRoundsMax; round += 1) {
    const names = await session.children(lock);
    const [lowest] = names;
    // Its own znode may be gone: the session has expired, or somebody deleted it.
    if (!names.some((name) => `${lock}/${name}` === znode)) return false;
    if (`${lock}/${lowest}` === znode) return !session.signal.aborted;
    await sleep(50);
  }
  return false;
}
