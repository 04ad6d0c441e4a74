/** What a transaction did, for replies, history and watches. */
import { invariant } from '../invariant.ts';
import type { ZnodeRecord } from './znode-record.ts';

/** One znode's change by one operation. `before` undefined: created; `after` undefined: deleted. */
export interface Change {
  readonly path: string;
  readonly before: ZnodeRecord | undefined;
  readonly after: ZnodeRecord | undefined;
}

/** Hears of one change. Two records instead of a Change: most changes are only written down in the history. */
export type ChangeListener = (before: ZnodeRecord | undefined, after: ZnodeRecord | undefined) => void;

/** The change as one value. One of its sides is there. */
export function changeOf(before: ZnodeRecord | undefined, after: ZnodeRecord | undefined): Change {
  const { path } = after ?? before ?? {};
  invariant(path !== undefined, 'a change has a record before or after it');
  return { path, before, after };
}
