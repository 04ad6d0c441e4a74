/** What a transaction did, for replies, history and watches. */
import type { ZnodeRecord } from './znode-record.ts';

/** One znode's change by one operation. `before` undefined: created; `after` undefined: deleted. */
export interface Change {
  readonly path: string;
  readonly before: ZnodeRecord | undefined;
  readonly after: ZnodeRecord | undefined;
}
