/** Records as users see them: decoded once, deeply frozen, with byte arrays as fresh copies. */
import { toStat } from '../codec/stat.ts';
import { decodeValue } from '../codec/value-decode.ts';
import type { ZnodeView } from '../session/link.ts';
import type { ZnodeRecord } from '../tree/znode-record.ts';

/**
 * Remembers the view of a record for as long as the record lives: records never change, so a second read
 * costs one lookup. Values with byte arrays are not remembered, because every reader gets copies of its own.
 */
export class Views {
  readonly #views = new WeakMap<ZnodeRecord, ZnodeView>();

  of(record: ZnodeRecord): ZnodeView {
    const known = this.#views.get(record);
    if (known !== undefined) return known;
    const { value, shareable } = decodeValue(record);
    const view = Object.freeze({ value, stat: toStat(record) });
    if (shareable) this.#views.set(record, view);
    return view;
  }

  ofOptional(record: ZnodeRecord | undefined): ZnodeView | undefined {
    return record === undefined ? undefined : this.of(record);
  }
}
