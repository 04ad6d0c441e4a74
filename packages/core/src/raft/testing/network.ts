/**
 * A few Raft instances and the messages between them, entirely under a test's control: nothing moves unless the
 * test (or a seed) says so, and there is no clock. Every step is checked (checks.ts).
 */
import { invariant } from '../../invariant.ts';
import type { RaftConfig } from '../input.ts';
import type { RaftMessage } from '../messages.ts';
import { Checks } from './checks.ts';
import { TestPeer, type PeerWorld } from './test-peer.ts';

export interface NetworkOptions {
  readonly ids: readonly string[];
  readonly seed?: number;
  readonly config?: Partial<RaftConfig>;
}

/** A small generator of uniform 32-bit integers (mulberry32). */
export function seededU32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

export class Network implements PeerWorld {
  readonly peers: Map<string, TestPeer> = new Map();
  readonly checks: Checks = new Checks();
  readonly random: () => number;
  wallMs = 1_000_000;
  messages: RaftMessage[] = [];
  /** Everything that was ever sent. */
  sentCount: Map<string, number> = new Map();
  /** Drops a message when it is sent. */
  filter: (message: RaftMessage) => boolean = () => true;
  readonly #cut = new Set<string>();
  #incarnation = 1000;

  constructor(options: NetworkOptions) {
    this.random = seededU32(options.seed ?? 1);
    const members = Object.fromEntries(options.ids.map((id) => [id, `address of ${id}`]));
    for (const [position, id] of options.ids.entries()) {
      this.#incarnation += 1;
      const peerRandom = seededU32((options.seed ?? 1) * 31 + position);
      const config: RaftConfig = {
        id,
        incarnation: this.#incarnation,
        members,
        heartbeatTicks: 3,
        electionTicks: 10,
        tickMs: 10,
        appendEntriesMax: 4,
        appendBytesMax: 1_000,
        followerMessagesInFlightMax: 4,
        followerBytesInFlightMax: 4_000,
        uncommittedBytesMax: 10_000,
        snapshotChunkBytes: 50,
        logEntriesKept: 2,
        randomU32: peerRandom,
        ...options.config,
      };
      this.peers.set(id, new TestPeer(this, config));
    }
  }

  /** Starts everybody, connected, and delivers until there is quiet. */
  static started(options: NetworkOptions): Network {
    const network = new Network(options);
    for (const peer of network.peers.values()) peer.start();
    network.deliver();
    return network;
  }

  /** Started, and `a` (or the first id) leads with its first entry committed everywhere. */
  static led(options: NetworkOptions): Network {
    const network = Network.started(options);
    network.tick(10);
    const [first] = options.ids;
    invariant(first !== undefined && network.peer(first).raft.role === 'leader', 'the first member leads');
    return network;
  }

  peer(id: string): TestPeer {
    const peer = this.peers.get(id);
    invariant(peer !== undefined, 'the peer exists', { id });
    return peer;
  }

  get leaders(): readonly TestPeer[] {
    return [...this.peers.values()].filter((peer) => peer.isUp && peer.raft.role === 'leader');
  }

  /** The leader of the highest term. */
  get leader(): TestPeer {
    const [leader] = this.leaders.toSorted((left, right) => right.raft.term - left.raft.term);
    invariant(leader !== undefined, 'somebody leads');
    return leader;
  }

  send(message: RaftMessage, sender: TestPeer): void {
    this.checks.sent(message, sender);
    this.sentCount.set(message.kind, (this.sentCount.get(message.kind) ?? 0) + 1);
    if (this.isCut(message.from, message.to) || !this.filter(message)) return;
    this.messages.push(message);
  }

  stepped(peer: TestPeer): void {
    this.checks.stepped(peer);
  }

  isCut(from: string, to: string): boolean {
    return this.#cut.has(`${from}>${to}`);
  }

  /** One direction only. */
  cutOneWay(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
  }

  cut(one: string, other: string): void {
    this.cutOneWay(one, other);
    this.cutOneWay(other, one);
  }

  isolate(id: string): void {
    for (const other of this.peers.keys()) if (other !== id) this.cut(id, other);
  }

  heal(): void {
    this.#cut.clear();
  }

  /** Tells both sides that their connection broke, or exists again. */
  tellDisconnected(one: string, other: string): void {
    this.peer(one).step({ kind: 'disconnected', member: other });
    this.peer(other).step({ kind: 'disconnected', member: one });
  }

  /** Delivers one message, by default the oldest. */
  deliverOne(position = 0): void {
    const [message] = this.messages.splice(position, 1);
    if (message === undefined || this.isCut(message.from, message.to)) return;
    this.peer(message.to).step({ kind: 'message', message });
  }

  /** Delivers until nothing moves any more. */
  deliver(stepsMax = 20_000): void {
    for (let steps = 0; this.messages.length > 0; steps += 1) {
      invariant(steps < stepsMax, 'the network comes to rest', {
        kinds: this.messages.map((each) => each.kind),
      });
      this.deliverOne();
    }
  }

  /** One tick at a time for everybody, each followed by delivery. */
  tick(count = 1): void {
    for (let passed = 0; passed < count; passed += 1) {
      for (const peer of this.peers.values()) peer.step({ kind: 'tick', count: 1 });
      this.deliver();
    }
  }

  tickUntil(condition: () => boolean, ticksMax = 500): void {
    for (let passed = 0; !condition(); passed += 1) {
      invariant(passed < ticksMax, 'it happens in time', { ticksMax });
      this.tick();
    }
  }

  crash(id: string): void {
    this.peer(id).crash();
    this.messages = this.messages.filter((message) => message.to !== id);
  }

  /** A process that died: everybody's connection to it breaks. */
  kill(id: string): void {
    this.crash(id);
    for (const peer of this.peers.values())
      if (peer.id !== id) peer.step({ kind: 'disconnected', member: id });
  }

  restart(id: string): void {
    const peer = this.peer(id);
    this.checks.restarted(peer);
    peer.start();
  }

  /** Restarts with an empty disk, as another incarnation. */
  restartEmpty(id: string): void {
    this.#incarnation += 1;
    this.crash(id);
    this.peer(id).wipe(this.#incarnation);
    this.restart(id);
  }

  /** What each running peer has applied, for comparison. */
  get appliedTexts(): readonly string[] {
    return [...this.peers.values()].filter((peer) => peer.isUp).map((peer) => peer.applied.join('\n'));
  }
}
