/**
 * A random schedule: everything that may happen to an ensemble, in an order drawn from a seed, then a healing after
 * which it must converge. Losses, repetitions, reorderings, slow disks, crashes with and without loss of the disk,
 * cut and broken connections, reads, transfers, snapshots.
 */
import { invariant } from '../../invariant.ts';
import type { RaftConfig } from '../input.ts';
import { Network } from './network.ts';
import type { TestPeer } from './test-peer.ts';

export interface ScheduleOptions {
  readonly seed: number;
  readonly peerCount: number;
  readonly stepCount: number;
  readonly config?: Partial<RaftConfig>;
  /** Members lose their disks now and then, one at a time. */
  readonly hasAmnesia?: boolean;
}

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

export class Schedule {
  readonly network: Network;
  readonly #options: ScheduleOptions;
  #proposedCount = 0;
  #readCount = 0;
  /** Reads by id: what was committed anywhere when they were asked. */
  readonly #reads = new Map<number, { readonly floor: number; readonly peer: string }>();
  answeredCount = 0;
  wipedCount = 0;

  constructor(options: ScheduleOptions) {
    this.#options = options;
    const ids = names.slice(0, options.peerCount);
    this.network = new Network({
      ids,
      seed: options.seed,
      ...(options.config && { config: options.config }),
    });
    for (const peer of this.network.peers.values()) peer.isAutoPersist = false;
  }

  run(): void {
    const { network } = this;
    for (const peer of network.peers.values()) peer.start();
    if (this.#options.seed % 4 !== 0) this.#foundInPeace();
    for (let step = 0; step < this.#options.stepCount; step += 1) {
      this.#act();
      this.#checkReads();
      this.#checkDurable();
    }
  }

  /** Ends all faults; afterwards everybody must agree, serve and take new writes. */
  heal(): void {
    const { network } = this;
    network.heal();
    for (const peer of network.peers.values()) {
      peer.isAutoPersist = true;
      if (!peer.isUp) network.restart(peer.id);
      peer.persistAll();
    }
    network.tickUntil(() => this.#hasConverged(), 1_500);
    const { leader } = network;
    const before = leader.raft.lastIndex;
    for (let count = 0; count < 10; count += 1) {
      leader.propose(`after healing ${count}`);
      network.deliver();
    }
    network.tickUntil(() => this.#hasConverged() && network.leader.raft.commitIndex >= before + 10, 200);
    const followers = [...network.peers.values()].filter((peer) => peer !== network.leader);
    for (const peer of followers) this.#ask(peer);
    network.tick(5);
    this.#checkReads();
    this.#checkDurable();
    network.tickUntil(() => network.leader.raft.durableIndex === network.leader.raft.lastIndex, 100);
    invariant(new Set(network.appliedTexts).size === 1, 'all have applied the same');
  }

  /** Most schedules begin with a founded ensemble; in the others the founding itself is disturbed. */
  #foundInPeace(): void {
    const { network } = this;
    for (let tick = 0; tick < 30; tick += 1) {
      network.tick();
      for (const peer of network.peers.values()) peer.persistAll();
      network.deliver();
    }
  }

  #hasConverged(): boolean {
    const { leaders } = this.network;
    const [leader] = leaders;
    if (leaders.length !== 1 || leader?.raft.canPropose() !== 'yes') return false;
    return [...this.network.peers.values()].every(
      (peer) =>
        peer.raft.leader === leader.id &&
        peer.raft.admitted &&
        peer.raft.commitIndex === leader.raft.lastIndex &&
        peer.raft.lastIndex === leader.raft.lastIndex,
    );
  }

  #act(): void {
    const { network } = this;
    const peer = this.#anyPeer();
    const dice = network.random() % 1_000;
    if (dice < 120) peer.step({ kind: 'tick', count: 1 + (network.random() % 60 === 0 ? 15 : 0) });
    else if (dice < 560) for (let count = 0; count < network.peers.size; count += 1) this.#deliver();
    else if (dice < 780) peer.persistOne();
    else if (dice < 880) this.#propose(peer);
    else if (dice < 920) this.#ask(peer);
    else if (dice < 928) this.#changeLinks(peer);
    else if (dice < 940) network.heal();
    else if (dice < 950) peer.takeSnapshot();
    else if (dice < 954) peer.step({ kind: 'transfer', to: this.#toSomebody() });
    else if (dice < 960) this.#crash(peer);
    else if (dice < 965) this.#wipe(peer);
    else if (!peer.isUp) network.restart(peer.id);
  }

  #anyPeer(): TestPeer {
    const { peers, random } = this.network;
    return this.network.peer([...peers.keys()][random() % peers.size] ?? '');
  }

  #toSomebody(): string | undefined {
    return this.network.random() % 2 === 0 ? undefined : this.#anyPeer().id;
  }

  /** Mostly the oldest message of all; now and then any, which may also be lost or come again. */
  #deliver(): void {
    const { network } = this;
    const { messages, random } = network;
    if (messages.length === 0) return;
    const position = random() % 4 === 0 ? random() % Math.min(messages.length, 12) : 0;
    const message = messages[position];
    const fate = random() % 20;
    if (fate === 0) messages.splice(position, 1);
    else {
      network.deliverOne(position);
      if (fate === 1 && message !== undefined) messages.push(message);
    }
    if (messages.length > 400) messages.splice(0, 100);
  }

  #propose(peer: TestPeer): void {
    if (!peer.isUp || peer.raft.canPropose() !== 'yes') return;
    this.#proposedCount += 1;
    peer.propose(`write ${this.#proposedCount}`, this.network.random() % 4 === 0);
  }

  #ask(peer: TestPeer): void {
    if (!peer.isUp) return;
    this.#readCount += 1;
    this.#reads.set(this.#readCount, { floor: this.network.checks.committed.length, peer: peer.id });
    peer.step({ kind: 'read', id: this.#readCount });
  }

  #changeLinks(peer: TestPeer): void {
    const { network } = this;
    const other = this.#anyPeer();
    if (other === peer) return;
    const kind = network.random() % 4;
    if (kind === 0) network.cut(peer.id, other.id);
    else if (kind === 1) network.cutOneWay(peer.id, other.id);
    else if (kind === 2) network.isolate(peer.id);
    else {
      network.tellDisconnected(peer.id, other.id);
      peer.step({ kind: 'connected', member: other.id });
    }
  }

  #crash(peer: TestPeer): void {
    const { network } = this;
    if (network.random() % 2 === 0) network.crash(peer.id);
    else network.kill(peer.id);
  }

  /** Never more than a minority at once is without what it ever promised. */
  #wipe(peer: TestPeer): void {
    if (this.#options.hasAmnesia !== true) return;
    const { network } = this;
    const others = [...network.peers.values()].filter((each) => each !== peer);
    const lost = others.filter((each) => !each.raft.admitted || each.disk.hardState?.founding === undefined);
    if (lost.length + 1 > Math.floor((network.peers.size - 1) / 2)) return;
    if (network.checks.committed.length === 0) return;
    this.wipedCount += 1;
    network.restartEmpty(peer.id);
  }

  /** A confirmed read shows everything that was committed anywhere before it was asked. */
  #checkReads(): void {
    for (const peer of this.network.peers.values()) {
      for (const notice of peer.notices) {
        if (notice.kind !== 'read-index' && notice.kind !== 'read-failed') continue;
        for (const id of notice.ids) {
          const read = this.#reads.get(id);
          invariant(read?.peer === peer.id, 'a read is answered once, where it was asked', { id });
          this.#reads.delete(id);
          if (notice.kind === 'read-failed') continue;
          this.answeredCount += 1;
          invariant(notice.index >= read.floor, 'ReadIndex is linearizable', {
            index: notice.index,
            ...read,
          });
        }
      }
      peer.notices = [];
    }
  }

  /** What is said to be durable everywhere is, at every voter whose disk was not lost since. */
  #checkDurable(): void {
    const { peers, checks } = this.network;
    const highest = Math.max(...[...peers.values()].map((peer) => peer.raft.durableIndex));
    const text = checks.committed[highest - 1]?.text;
    if (highest === 0 || text === undefined || this.wipedCount > 0) return;
    const term = Number(text.split(':')[1]);
    for (const peer of peers.values()) {
      invariant(peer.disk.holds(highest, term), 'durableIndex is durable', { id: peer.id, highest });
    }
  }
}
