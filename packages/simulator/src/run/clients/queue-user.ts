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

/** Written down when it begins: the process may die before it hears how it ended. */
async function record(
  history: ClientOptions['history'],
  begun: Omit<QueueRecord, 'returnedAt' | 'outcome'>,
  call: () => Promise<unknown>,
): Promise<void> {
  const open: { -readonly [Field in keyof QueueRecord]: QueueRecord[Field] } = {
    ...begun,
    returnedAt: Infinity,
    outcome: 'unknown',
  };
  history.addQueue(open);
  try {
    await call();
    open.outcome = 'applied';
  } catch (error) {
    if (error instanceof CoordinationError) open.outcome = error.outcome;
  }
  open.returnedAt = history.mark();
}
