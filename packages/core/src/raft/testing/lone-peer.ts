/** One Raft instance whose neighbours are played by the test. */
import type { Entry, SnapshotMeta } from '../../ports/entry.ts';
import type { RaftConfig, RaftInput } from '../input.ts';
import { createMembership, encodeMembership, type Membership } from '../membership.ts';
import type { Append, MessageHeader, RaftMessage } from '../messages.ts';
import type { RaftNotice, RaftOutput } from '../output.ts';
import { Raft } from '../raft.ts';
import { seededU32 } from './network.ts';

export interface LoneOptions {
  /** Members with incarnations 1, 2, 3 ... in this order; the first is the peer itself. */
  readonly ids?: readonly string[];
  /** Terms of its log, from index 1 on; index 1 is the membership. */
  readonly terms?: readonly number[];
  readonly term?: number;
  readonly vote?: string;
  readonly learners?: readonly string[];
  readonly snapshot?: SnapshotMeta;
  readonly config?: Partial<RaftConfig>;
  readonly isAdmitted?: boolean;
  /** False: nothing is durable until the test says so. */
  readonly isAutoPersist?: boolean;
}

export function testMembership(ids: readonly string[], learners: readonly string[] = []): Membership {
  return createMembership({
    identity: 'test',
    voters: ids.filter((id) => !learners.includes(id)),
    learners,
    members: ids.map((id, position) => [id, { address: `at ${id}`, incarnation: position + 1 }] as const),
  });
}

/** Entries whose terms are given, from `firstIndex` on; index 1 carries the membership. */
export function testEntries(
  terms: readonly number[],
  membership: Membership,
  firstIndex = 1,
): readonly Entry[] {
  return terms.map((term, position) => {
    const index = firstIndex + position;
    const isFirst = index === 1;
    const body = isFirst ? encodeMembership(membership) : new TextEncoder().encode(`${index}/${term}`);
    return { index, term, kind: isFirst ? 'membership' : 'commands', wallMs: index, elapsedMs: index, body };
  });
}

export class LonePeer {
  readonly ids: readonly string[];
  readonly membership: Membership;
  readonly raft: Raft;
  sent: RaftMessage[] = [];
  notices: RaftNotice[] = [];
  outputs: RaftOutput[] = [];
  /** Tickets are confirmed at once, unless the test does it. */
  isAutoPersist = true;

  constructor(options: LoneOptions = {}) {
    this.ids = options.ids ?? ['a', 'b', 'c'];
    const [id = 'a'] = this.ids;
    this.membership = testMembership(this.ids, options.learners);
    const terms = options.terms ?? [1];
    const snapshotIndex = options.snapshot?.index ?? 0;
    const founding = options.isAdmitted === false ? undefined : encodeMembership(this.membership);
    const config: RaftConfig = {
      id,
      incarnation: 1,
      members: Object.fromEntries(this.ids.map((each) => [each, `at ${each}`])),
      heartbeatTicks: 3,
      electionTicks: 10,
      tickMs: 10,
      appendEntriesMax: 4,
      appendBytesMax: 10_000,
      followerMessagesInFlightMax: 3,
      followerBytesInFlightMax: 10_000,
      uncommittedBytesMax: 2_000,
      snapshotChunkBytes: 10,
      logEntriesKept: 2,
      randomU32: seededU32(7),
      ...options.config,
    };
    const term = options.term ?? Math.max(0, ...terms);
    this.raft = new Raft(config, {
      hardState: { term, vote: options.vote, founding },
      snapshot: options.snapshot,
      entries: testEntries(terms, this.membership, snapshotIndex === 0 ? 1 : snapshotIndex + 1),
    });
    this.isAutoPersist = options.isAutoPersist ?? true;
    this.#take(this.raft.start());
  }

  /** The last step left something to announce. */
  get hasNews(): boolean {
    return this.outputs.at(-1)?.hasNews ?? false;
  }

  get terms(): readonly number[] {
    const terms: number[] = [];
    for (let index = this.raft.firstIndex; index <= this.raft.lastIndex; index += 1) {
      terms.push(this.raft.termAt(index));
    }
    return terms;
  }

  /** Steps, and returns what was sent by it. */
  step(input: RaftInput): readonly RaftMessage[] {
    const before = this.sent.length;
    this.#take(this.raft.step(input, 1_000));
    return this.sent.slice(before);
  }

  tick(count = 1): readonly RaftMessage[] {
    const before = this.sent.length;
    for (let passed = 0; passed < count; passed += 1) this.step({ kind: 'tick', count: 1 });
    return this.sent.slice(before);
  }

  /** A message from a member, with the right header for it unless told otherwise. */
  receive(
    from: string,
    message: DistributiveOmit<RaftMessage, keyof MessageHeader> & Partial<MessageHeader>,
  ): readonly RaftMessage[] {
    const header: MessageHeader = {
      from,
      to: this.ids[0] ?? 'a',
      term: this.raft.term,
      incarnation: this.ids.indexOf(from) + 1,
    };
    return this.step({ kind: 'message', message: { ...header, ...message } as RaftMessage });
  }

  /** An append as a leader with this log would send it after `previousIndex`. */
  receiveAppend(from: string, part: Partial<Append> & { readonly term: number }): readonly RaftMessage[] {
    return this.receive(from, {
      kind: 'append',
      previousIndex: 0,
      previousTerm: 0,
      entries: [],
      commitIndex: 0,
      durableIndex: 0,
      round: 0,
      ...part,
    });
  }

  acceptAppend(
    from: string,
    matchIndex: number,
    part: { round?: number; admitted?: boolean; incarnation?: number } = {},
  ): readonly RaftMessage[] {
    return this.receive(from, {
      kind: 'append-reply',
      accepted: true,
      matchIndex,
      hintIndex: 0,
      hintTerm: 0,
      previousIndex: matchIndex,
      round: 0,
      admitted: true,
      ...part,
    });
  }

  /** Through pre-vote and vote, with everybody's yes, to leadership. */
  lead(): void {
    while (this.raft.role !== 'candidate') this.tick();
    for (const id of this.ids.slice(1)) {
      if (this.raft.role !== 'candidate') break;
      this.receive(id, { kind: 'pre-vote-reply', granted: true, term: this.raft.term + 1 });
    }
    for (const id of this.ids.slice(1)) {
      this.receive(id, { kind: 'vote-reply', granted: true, term: this.raft.term });
    }
  }

  propose(text: string, announceDurable = false): readonly RaftMessage[] {
    return this.step({ kind: 'propose', body: new TextEncoder().encode(text), announceDurable });
  }

  #take(output: RaftOutput): void {
    this.outputs.push(output);
    this.notices.push(...output.notices);
    this.sent.push(...output.sendNow);
    if (this.isAutoPersist) {
      this.sent.push(...output.sendAfterPersist);
      if (output.persist !== undefined) this.step({ kind: 'persisted', ticket: output.persist.ticket });
    }
    this.raft.validate();
  }
}

type DistributiveOmit<Union, Keys extends PropertyKey> = Union extends unknown ? Omit<Union, Keys> : never;

/** `b`, which leads, sends entries of these terms behind those up to `previousIndex`. */
export function append(
  peer: LonePeer,
  previousIndex: number,
  terms: readonly number[],
  part: Partial<Append> = {},
): ReturnType<LonePeer['step']> {
  const previousTerm = part.previousTerm ?? peer.terms[previousIndex - peer.raft.firstIndex] ?? 0;
  const entries = testEntries(terms, peer.membership, previousIndex + 1);
  return peer.receiveAppend('b', { term: peer.raft.term, previousIndex, previousTerm, entries, ...part });
}
