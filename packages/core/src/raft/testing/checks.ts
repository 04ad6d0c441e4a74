/**
 * Raft's properties (Raft thesis 3.2), checked after every step of a test network from what all peers did so far:
 * ElectionSafety, LogMatching, LeaderCompleteness, StateMachineSafety, and that nothing is said before it is durable.
 */
import { invariant } from '../../invariant.ts';
import type { Entry } from '../../ports/entry.ts';
import type { RaftMessage } from '../messages.ts';
import { entryText, type TestPeer } from './test-peer.ts';

interface Looked {
  readonly term: number;
  readonly commitIndex: number;
  readonly firstIndex: number;
  readonly role: string;
  /** Of its log. */
  readonly last: Entry | undefined;
}

const unseen: Looked = { term: 0, commitIndex: 0, firstIndex: 0, role: '', last: undefined };

export class Checks {
  readonly #leaders = new Map<number, string>();
  readonly #entries = new Map<string, string>();
  /** By index, what was applied first, and the lowest term in which a peer knew it as committed. */
  readonly committed: { readonly text: string; readonly knownInTerm: number }[] = [];
  /** What each peer was when it was last looked at. */
  readonly #before = new Map<string, Looked>();

  stepped(peer: TestPeer): void {
    const { raft, id } = peer;
    const key = `${id}/${peer.config.incarnation}`;
    const before = this.#before.get(key) ?? unseen;
    invariant(raft.term >= before.term || peer.writes.length === 0, 'MonotonicTerm', { id });
    const last = raft.lastIndex < raft.firstIndex ? undefined : raft.entryAt(raft.lastIndex);
    // A log that has changed ends with another entry, or begins elsewhere.
    if (last !== before.last || raft.firstIndex !== before.firstIndex) this.#logMatching(peer);
    this.#stateMachineSafety(peer, before.commitIndex);
    if (raft.role === 'leader') {
      const known = this.#leaders.get(raft.term);
      invariant(known === undefined || known === key, 'ElectionSafety', { term: raft.term, known, key });
      this.#leaders.set(raft.term, key);
      if (before.role !== 'leader' || before.term !== raft.term) this.#leaderCompleteness(peer);
    }
    const { term, commitIndex, firstIndex, role } = raft;
    this.#before.set(key, { term, commitIndex, firstIndex, role, last });
  }

  /** After a crash what was only in memory may be gone. */
  restarted(peer: TestPeer): void {
    this.#before.delete(`${peer.id}/${peer.config.incarnation}`);
  }

  /** At the moment in which a message leaves its peer. */
  sent(message: RaftMessage, peer: TestPeer): void {
    if (message.kind === 'pre-vote' || message.kind === 'pre-vote-reply') return;
    const { hardState } = peer.disk;
    const facts = { kind: message.kind, from: message.from, term: message.term, stored: hardState?.term };
    invariant((hardState?.term ?? 0) >= message.term, 'a term is durable before it is shown', facts);
    if (message.kind === 'vote-reply' && message.granted && hardState?.term === message.term) {
      invariant(hardState.vote === message.to, 'a vote is durable before it is given', facts);
    }
    if (message.kind === 'vote' && hardState?.term === message.term) {
      invariant(hardState.vote === message.from, 'the own vote is durable before others are asked', facts);
    }
    if (message.kind === 'append-reply' && message.accepted && message.term === peer.raft.term) {
      const term = message.matchIndex > peer.raft.snapshotIndex ? peer.raft.termAt(message.matchIndex) : 0;
      invariant(message.matchIndex === 0 || peer.disk.holds(message.matchIndex, term), 'DurableBeforeAck', {
        ...facts,
        matchIndex: message.matchIndex,
      });
    }
  }

  #logMatching(peer: TestPeer): void {
    const { raft } = peer;
    for (let index = raft.firstIndex; index <= raft.lastIndex; index += 1) {
      const entry = raft.entryAt(index);
      const key = `${index}/${entry.term}`;
      const text = `${entryText(entry)} after ${raft.termAt(index - 1)}`;
      const known = this.#entries.get(key);
      invariant(known === undefined || known === text, 'LogMatching', { id: peer.id, known, text });
      if (known === undefined) this.#entries.set(key, text);
    }
  }

  #stateMachineSafety(peer: TestPeer, before: number): void {
    const { raft, applied } = peer;
    invariant(raft.commitIndex >= before, 'MonotonicCommit', { id: peer.id, before, now: raft.commitIndex });
    for (let position = 0; position < applied.length; position += 1) {
      const text = applied[position] ?? '';
      const known = this.committed[position];
      invariant(known === undefined || known.text === text, 'StateMachineSafety', {
        known,
        text,
        id: peer.id,
      });
      if (known === undefined) this.committed[position] = { text, knownInTerm: raft.term };
    }
  }

  #leaderCompleteness(peer: TestPeer): void {
    const { raft } = peer;
    for (const [position, { text, knownInTerm }] of this.committed.entries()) {
      const index = position + 1;
      if (knownInTerm >= raft.term || index < raft.firstIndex) continue;
      invariant(index <= raft.lastIndex, 'LeaderCompleteness', {
        id: peer.id,
        index,
        lastIndex: raft.lastIndex,
      });
      const own = entryText(raft.entryAt(index));
      invariant(own === text, 'LeaderCompleteness', { id: peer.id, index, own, text });
    }
  }
}
