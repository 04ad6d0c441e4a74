/** Synchronous reads of this peer's own replica. */
import { toStat, type Stat } from '../codec/stat.ts';
import type { Value } from '../codec/value.ts';
import { CoordinationError } from '../errors.ts';
import type { Replica } from '../replica/replica.ts';
import type { PageOptions, Znode } from '../session/api-types.ts';
import { badArgument, optionalInteger, optionsOf } from '../session/arguments.ts';
import { pathProblem } from '../codec/path.ts';
import type { LocalTree } from './peer-types.ts';
import { viewOf } from './views.ts';

export class ReplicaTree implements LocalTree {
  readonly #replica: Replica;
  readonly #pageNamesMax: number;

  constructor(replica: Replica, pageNamesMax: number) {
    this.#replica = replica;
    this.#pageNamesMax = pageNamesMax;
  }

  get zxid(): number {
    return this.#replica.machine.zxid;
  }

  get<T = Value>(path: string): Znode<T> | undefined {
    const view = typeof path === 'string' ? this.#replica.machine.tree.view(path, viewOf) : undefined;
    if (view === undefined) requirePath(path);
    return view as Znode<T> | undefined;
  }

  stat(path: string): Stat | undefined {
    const record = typeof path === 'string' ? this.#replica.machine.tree.read(path) : undefined;
    if (record === undefined) requirePath(path);
    return record === undefined ? undefined : toStat(record);
  }

  children(path: string, options?: PageOptions): readonly string[] {
    requirePath(path);
    const asked: Record<keyof PageOptions, unknown> | undefined = optionsOf(options);
    const after = asked?.after;
    if (after !== undefined && typeof after !== 'string') throw badArgument('after', 'it is a name');
    const limit = optionalInteger(asked?.limit, 'limit', 0);
    const query = { kind: 'children', path, after, limit } as const;
    const answer = this.#replica.machine.query(query, { pageNamesMax: this.#pageNamesMax });
    if (answer.kind === 'names') return answer.names;
    if (answer.kind === 'failed') throw new CoordinationError(answer.code, { details: answer.details });
    return [];
  }
}

/** Of one that was not found: a znode that exists has a valid path, so only a miss is worth the whole check. */
function requirePath(path: string): void {
  const reason = typeof path === 'string' ? pathProblem(path) : 'not a string';
  if (reason !== undefined) {
    throw new CoordinationError('BAD_ARGUMENTS', { details: { argument: 'path', reason } });
  }
}
