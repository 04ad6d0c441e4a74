/**
 * Who the members are. The membership follows the log: the newest membership entry is in force from the moment
 * in which it is appended, and a truncation brings the one before it back (Raft thesis 4.1).
 *
 * A member is named with its incarnation, the life of its storage. One that comes back without its data is
 * another incarnation, and what the old one voted or acknowledged is forgotten; so a new incarnation counts for
 * nothing until the entry that lists it is committed without its help (see admission.ts).
 */
import { decodeControl, encodeControl } from '../codec/control.ts';
import { CoordinationError } from '../errors.ts';
import { invariant } from '../invariant.ts';
import type { Entry } from '../ports/entry.ts';

export interface Member {
  /** Where a transport finds it. */
  readonly address: string;
  readonly incarnation: number;
}

/** Who votes, who only listens, and in which incarnations. */
export interface Membership {
  /** Random name of the ensemble, fixed by the log's first entry; empty before that. */
  readonly identity: string;
  /** Sorted, as all lists here. */
  readonly voters: readonly string[];
  /** The voters of before, while a change is under way (joint consensus, Raft thesis 4.3); else empty. */
  readonly outgoing: readonly string[];
  readonly learners: readonly string[];
  /** Everybody named above. Without a prototype: an id may be any string. */
  readonly members: Readonly<Record<string, Member>>;
}

const membershipVersion = 1;

/** A frozen membership with sorted lists; throws when somebody is listed without being a member. */
export function createMembership(parts: {
  readonly identity: string;
  readonly voters: readonly string[];
  readonly outgoing?: readonly string[];
  readonly learners?: readonly string[];
  readonly members: Iterable<readonly [id: string, member: Member]>;
}): Membership {
  const members: Record<string, Member> = Object.create(null) as Record<string, Member>;
  for (const [id, { address, incarnation }] of parts.members) {
    members[id] = Object.freeze({ address, incarnation });
  }
  const sorted = (ids: readonly string[]): readonly string[] => {
    for (const id of ids) invariant(members[id] !== undefined, 'who is listed is a member', { id });
    return Object.freeze([...new Set(ids)].sort());
  };
  const voters = sorted(parts.voters);
  invariant(voters.length > 0, 'a membership has a voter');
  return Object.freeze({
    identity: parts.identity,
    voters,
    outgoing: sorted(parts.outgoing ?? []),
    learners: sorted(parts.learners ?? []),
    members: Object.freeze(members),
  });
}

/** Canonical bytes: equal memberships have equal ones. */
export function encodeMembership(membership: Membership): Uint8Array {
  const members = Object.keys(membership.members)
    .sort()
    .map((id) => {
      const member = membership.members[id];
      invariant(member !== undefined, 'a listed key is there', { id });
      return [id, member.address, member.incarnation];
    });
  return encodeControl([
    membershipVersion,
    membership.identity,
    [...membership.voters],
    [...membership.outgoing],
    [...membership.learners],
    members,
  ]);
}

/** Throws `CORRUPTED` (or what decodeControl throws) for anything that encodeMembership does not make. */
export function decodeMembership(bytes: Uint8Array): Membership {
  const parts: unknown = decodeControl(bytes);
  if (!Array.isArray(parts) || parts.length !== 6) throw malformed('is not a record of 6 fields');
  const [version, identity, voters, outgoing, learners, rows] = parts as readonly unknown[];
  if (version !== membershipVersion) {
    throw new CoordinationError('UNSUPPORTED_VERSION', {
      details: { reason: `membership version ${String(version)} is unknown to this release` },
    });
  }
  if (typeof identity !== 'string') throw malformed('has no identity');
  if (!Array.isArray(rows)) throw malformed('lists no members');
  const members = new Map<string, Member>();
  for (const row of rows as readonly unknown[]) {
    if (!Array.isArray(row) || row.length !== 3) throw malformed('has a member that is not a record');
    const [id, address, incarnation] = row as readonly unknown[];
    if (typeof id !== 'string' || typeof address !== 'string') throw malformed('has a member without a name');
    if (typeof incarnation !== 'number' || !Number.isSafeInteger(incarnation)) {
      throw malformed('has a member without an incarnation');
    }
    members.set(id, { address, incarnation });
  }
  const ids = (list: unknown): readonly string[] => {
    if (!Array.isArray(list)) throw malformed('has a list that is none');
    return (list as readonly unknown[]).map((id) => {
      if (typeof id !== 'string' || !members.has(id)) throw malformed('lists somebody who is no member');
      return id;
    });
  };
  const voterIds = ids(voters);
  if (voterIds.length === 0) throw malformed('has no voter');
  return createMembership({
    identity,
    voters: voterIds,
    outgoing: ids(outgoing),
    learners: ids(learners),
    members,
  });
}

function malformed(reason: string): CoordinationError {
  return new CoordinationError('CORRUPTED', { details: { reason: `the membership ${reason}` } });
}

/** The incarnation that a membership lists; undefined: it does not know this member. */
export function listedIncarnation(membership: Membership, id: string): number | undefined {
  return membership.members[id]?.incarnation;
}

export function isVoter(membership: Membership, id: string): boolean {
  return membership.voters.includes(id) || membership.outgoing.includes(id);
}

/** The same membership, with a new life of one member. */
export function withIncarnation(membership: Membership, id: string, incarnation: number): Membership {
  const member = membership.members[id];
  invariant(member !== undefined, 'only a member can come back', { id });
  return createMembership({
    ...membership,
    members: [...Object.entries(membership.members), [id, { ...member, incarnation }] as const],
  });
}

/** A membership at its place in the log. */
export interface PlacedMembership {
  readonly index: number;
  readonly membership: Membership;
  readonly bytes: Uint8Array;
}

/**
 * The memberships of the log in their order: the one of the snapshot and those of the entries after it. All
 * lookups are from the end, and there is rarely more than one.
 */
export class MembershipHistory {
  #placed: PlacedMembership[] = [];

  get current(): Membership | undefined {
    return this.#placed.at(-1)?.membership;
  }

  /** Index of the entry (or snapshot) that brought the current one; 0: there is none. */
  get currentIndex(): number {
    return this.#placed.at(-1)?.index ?? 0;
  }

  /** The one in force at an index, which must not lie before the oldest snapshot known here. */
  at(index: number): PlacedMembership | undefined {
    return this.#placed.findLast((placed) => placed.index <= index);
  }

  appended(entry: Entry): void {
    if (entry.kind !== 'membership') return;
    invariant(entry.index > this.currentIndex, 'memberships come in the order of the log');
    this.#placed.push({ index: entry.index, membership: decodeMembership(entry.body), bytes: entry.body });
  }

  truncatedFrom(index: number): void {
    while (this.currentIndex >= index) this.#placed.pop();
  }

  /** Everything before a snapshot is forgotten; `whole`: what came after it is gone too. */
  snapshotTaken(meta: { readonly index: number; readonly membership: Uint8Array }, whole: boolean): void {
    const after = whole ? [] : this.#placed.filter((placed) => placed.index > meta.index);
    this.#placed = [
      { index: meta.index, membership: decodeMembership(meta.membership), bytes: meta.membership },
      ...after,
    ];
  }

  /**
   * Whether every membership that may still turn out to be the valid one lists this incarnation: the newest
   * that is known to be committed, and all after it. `record` is one that is known to be committed although
   * the commit index may not say so yet, because this was written down before a restart.
   */
  isUndisputed(
    member: { readonly id: string; readonly incarnation: number },
    known: { readonly commitIndex: number; readonly record: Uint8Array | undefined },
  ): boolean {
    const [only] = this.#placed;
    if (only === undefined) return true;
    if (this.#placed.length === 1) return isUndisputedBy(only, member);
    const committed = this.#placed.findLastIndex((placed) => placed.index <= known.commitIndex);
    const isSettled = committed === this.#placed.length - 1;
    const recorded = isSettled ? -1 : this.#placed.findIndex((placed) => isEqual(placed.bytes, known.record));
    for (let position = Math.max(committed, recorded, 0); position < this.#placed.length; position += 1) {
      const placed = this.#placed[position];
      if (placed !== undefined && !isUndisputedBy(placed, member)) return false;
    }
    return true;
  }
}

/** A membership that does not name the member at all disputes nothing: it was removed, or is to be added. */
function isUndisputedBy(
  { membership }: PlacedMembership,
  { id, incarnation }: { readonly id: string; readonly incarnation: number },
): boolean {
  const listed = listedIncarnation(membership, id);
  return listed === undefined || listed === incarnation;
}

/** Equal bytes. */
export function isEqual(left: Uint8Array, right: Uint8Array | undefined): boolean {
  if (right === undefined || left.length !== right.length) return false;
  return left.every((byte, position) => byte === right[position]);
}
