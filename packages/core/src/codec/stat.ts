/** The Stat of a znode: ZooKeeper's eleven fields with ZooKeeper's meanings. */

/** What is known of a znode beside its value. */
export interface Stat {
  /** zxid of the command that created the znode. */
  readonly czxid: number;
  /** zxid of the last change of its value. */
  readonly mzxid: number;
  /** zxid of the last change of its children (created or deleted). */
  readonly pzxid: number;
  /** Wall time of creation by the leader's clock, in milliseconds since 1970; never runs backwards. */
  readonly ctime: number;
  /** Wall time of the last change of its value. */
  readonly mtime: number;
  /** How often the value was changed. */
  readonly version: number;
  /** How often children were created or deleted. */
  readonly cversion: number;
  /** How often the access list was changed: always 0 so far. */
  readonly aversion: number;
  /** Id of the owning session of an ephemeral znode, otherwise undefined. */
  readonly ephemeralOwner: string | undefined;
  /** Length of a byte array itself, otherwise of the encoded value, in bytes. */
  readonly dataLength: number;
  /** How many children it has. */
  readonly childrenCount: number;
}

/** The same facts as the replicas keep them: the owner is a number, 0 for none. Records satisfy this as they are. */
export interface StatFields {
  readonly czxid: number;
  readonly mzxid: number;
  readonly pzxid: number;
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly owner: number;
  readonly dataLength: number;
  readonly childrenCount: number;
}

/** Session ids are the zxid of their opening; users see them as text, because an id is not a quantity. */
export function formatSessionId(id: number): string {
  return id.toString(16).padStart(14, '0');
}

/** The inverse of {@link formatSessionId}; undefined for anything else. */
export function parseSessionId(text: string): number | undefined {
  if (!/^[0-9a-f]{14}$/.test(text)) return undefined;
  const id = Number.parseInt(text, 16);
  return Number.isSafeInteger(id) && id > 0 ? id : undefined;
}

/** A frozen Stat for users. */
export function toStat(fields: StatFields): Stat {
  return Object.freeze({
    czxid: fields.czxid,
    mzxid: fields.mzxid,
    pzxid: fields.pzxid,
    ctime: fields.ctime,
    mtime: fields.mtime,
    version: fields.version,
    cversion: fields.cversion,
    aversion: fields.aversion,
    ephemeralOwner: fields.owner === 0 ? undefined : formatSessionId(fields.owner),
    dataLength: fields.dataLength,
    childrenCount: fields.childrenCount,
  });
}
