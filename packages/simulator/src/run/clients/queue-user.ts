/** Puts elements into a queue of sequential znodes, or takes the first: who deletes it has it. */
import { CoordinationError, type Session } from '@quorate/core';
import type { QueueRecord } from '../../history/resource-record.ts';
import type { ClientOptions } from './client.ts';

/** The one queue of a run. */
export const queue = '/q';

export async function putOrTake(
  options: ClientOptions,
  session: Session,
  unique: () => string,
): Promise<void> {
  if (options.stream.chance(500_000)) await put(options, session, unique());
  else await take(options, session);
}

async function put(
  { history, name: client }: ClientOptions,
  session: Session,
  element: string,
): Promise<void> {
  const begun = { kind: 'put', queue, client, element, calledAt: history.mark() } as const;
  await record(history, begun, () =>
    session.create(`${queue}/n-`, element, { sequential: true, parents: true }),
  );
}

async function take({ history, name: client }: ClientOptions, session: Session): Promise<void> {
  const [first] = await session.list<string>(queue, { limit: 1 }).catch(() => []);
  if (first === undefined) return;
  const begun = { kind: 'take', queue, client, element: first.value, calledAt: history.mark() } as const;
  await record(history, begun, () => session.delete(`${queue}/${first.name}`));
}

async function record(
  history: ClientOptions['history'],
  begun: Omit<QueueRecord, 'returnedAt' | 'outcome'>,
  call: () => Promise<unknown>,
): Promise<void> {
  try {
    await call();
    history.addQueue({ ...begun, returnedAt: history.mark(), outcome: 'applied' });
  } catch (error) {
    const outcome = error instanceof CoordinationError ? error.outcome : 'unknown';
    history.addQueue({ ...begun, returnedAt: history.mark(), outcome });
  }
}
