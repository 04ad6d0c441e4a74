/**
 * Reads of one replica as it is now. Nothing here copies a value: answers refer to records. Bounds are the
 * asking peer's, and what exceeds one fails: a listing that was cut silently would look complete.
 */
import { unreachable } from '../invariant.ts';
import type { ErrorCode, ErrorDetails } from '../errors.ts';
import { isBelow, joinPath, pathProblem, rootPath } from '../codec/path.ts';
import type { Tree } from '../tree/tree.ts';
import type { ZnodeRecord } from '../tree/znode-record.ts';
import type { Query, QueryAnswer, QueryBounds } from './contract.ts';

type Failure = Extract<QueryAnswer, { kind: 'failed' }>;
type Listing = Extract<Query, { kind: 'children' | 'list' }>;

export function answerQuery(tree: Tree, query: Query, bounds: QueryBounds): QueryAnswer {
  switch (query.kind) {
    case 'barrier':
      return { kind: 'barrier' };
    case 'get':
      return badPath(query.path) ?? { kind: 'znode', znode: tree.get(query.path) };
    case 'get-many':
      return getMany(tree, query.paths, bounds);
    case 'children': {
      const names = listNames(tree, query, bounds);
      return 'kind' in names ? names : { kind: 'names', names };
    }
    case 'list': {
      const names = listNames(tree, query, bounds);
      return 'kind' in names ? names : { kind: 'listing', items: znodesOf(tree, query.path, names) };
    }
    case 'count':
      return (
        badPath(query.path) ??
        missing(tree, query.path) ?? { kind: 'count', count: tree.descendantsCount(query.path) }
      );
    case 'ephemerals':
      return badPath(query.under) ?? { kind: 'names', names: ephemeralsUnder(tree, query) };
    default:
      return unreachable(query);
  }
}

function getMany(tree: Tree, paths: readonly string[], bounds: QueryBounds): QueryAnswer {
  if (paths.length > bounds.pageNamesMax) return tooMany(bounds, paths.length, undefined);
  const znodes: (ZnodeRecord | undefined)[] = [];
  for (const path of paths) {
    const failure = badPath(path);
    if (failure !== undefined) return failure;
    znodes.push(tree.get(path));
  }
  return { kind: 'znodes', znodes };
}

function listNames(tree: Tree, query: Listing, bounds: QueryBounds): readonly string[] | Failure {
  const { path, after, limit } = query;
  const failure = badPath(path) ?? badLimit(limit) ?? missing(tree, path);
  if (failure !== undefined) return failure;
  const names = tree.names(path, after, limit ?? bounds.pageNamesMax + 1);
  if (limit !== undefined || names.length <= bounds.pageNamesMax) return names;
  return tooMany(bounds, tree.get(path)?.childrenCount ?? names.length, path);
}

function znodesOf(
  tree: Tree,
  path: string,
  names: readonly string[],
): readonly { readonly name: string; readonly znode: ZnodeRecord }[] {
  const items: { readonly name: string; readonly znode: ZnodeRecord }[] = [];
  for (const name of names) {
    const znode = tree.get(joinPath(path, name));
    if (znode !== undefined) items.push({ name, znode });
  }
  return items;
}

/** Bounded by ephemeralsPerSessionMax. */
function ephemeralsUnder(tree: Tree, query: Extract<Query, { kind: 'ephemerals' }>): readonly string[] {
  const { sessionId, under } = query;
  const paths = [...tree.ephemeralsOf(sessionId)];
  const wanted = under === rootPath ? paths : paths.filter((path) => path === under || isBelow(path, under));
  // `<` on paths is the order of their UTF-8 bytes (tree/path.ts), and so is the default sort.
  return wanted.sort();
}

function badPath(path: string): Failure | undefined {
  const reason = pathProblem(path);
  return reason === undefined ? undefined : failed('BAD_ARGUMENTS', { path, reason, argument: 'path' });
}

function badLimit(limit: number | undefined): Failure | undefined {
  if (limit === undefined || (Number.isSafeInteger(limit) && limit >= 0)) return undefined;
  return failed('BAD_ARGUMENTS', { argument: 'limit', reason: 'a limit is a whole number of at least 0' });
}

function missing(tree: Tree, path: string): Failure | undefined {
  return tree.get(path) === undefined ? failed('NO_NODE', { path }) : undefined;
}

function tooMany(bounds: QueryBounds, measured: number, path: string | undefined): Failure {
  const details = { limit: 'pageNamesMax', limitValue: bounds.pageNamesMax, measured };
  return failed('LIMIT_EXCEEDED', path === undefined ? details : { ...details, path });
}

function failed(code: ErrorCode, details: ErrorDetails): Failure {
  return { kind: 'failed', code, details };
}
