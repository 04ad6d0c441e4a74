/** Records as users see them: decoded once, deeply frozen, with byte arrays as fresh copies. */
import { toStat } from '../codec/stat.ts';
import { decodeValue } from '../codec/value-decode.ts';
import type { ZnodeView } from '../session/link.ts';
import type { ZnodeRecord } from '../tree/znode-record.ts';

/**
 * The view of a record. The record remembers it, so a second read of an unchanged znode costs its lookup only.
 * Values with byte arrays are not remembered, because every reader gets copies of its own.
 */
export function viewOf(record: ZnodeRecord): ZnodeView {
  // Nobody else remembers anything in the records of this peer's replica.
  if (record.memo !== undefined) return record.memo as ZnodeView;
  const { value, shareable } = decodeValue(record);
  const view: ZnodeView = Object.freeze({ value, stat: toStat(record) });
  if (shareable) record.memo = view;
  return view;
}

export function viewOfOptional(record: ZnodeRecord | undefined): ZnodeView | undefined {
  return record === undefined ? undefined : viewOf(record);
}
