/** A record's facts one by one, so that a test can change one of them. */
import { recordOf, type ZnodeFacts } from '../new-znode.ts';
import { ZnodeRecord } from '../znode-record.ts';

export function factsOf(record: ZnodeRecord): ZnodeFacts {
  const { path, createKind, ttlMs, owner, czxid, mzxid, pzxid, ctime, mtime } = record;
  const { version, cversion, childrenCount, createCount, elapsedMs, source, start, end } = record;
  return {
    path,
    value: { source, start, end },
    createKind,
    ttlMs,
    owner,
    czxid,
    mzxid,
    pzxid,
    ctime,
    mtime,
    version,
    cversion,
    childrenCount,
    createCount,
    elapsedMs,
  };
}

/** The same record but for these facts. */
export function changed(record: ZnodeRecord, facts: Partial<ZnodeFacts>): ZnodeRecord {
  return recordOf({ ...factsOf(record), ...facts });
}

/** The same with the facts of records in their place: what their znodes went through since then is left out. */
export function plain(value: unknown): unknown {
  if (value instanceof ZnodeRecord) return factsOf(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}
