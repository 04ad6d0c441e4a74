/**
 * Who watches: every peer that is opened through its host's ports is seen by every invariant, step by step. An
 * invariant that is broken ends the run; it never throws into the peer, which would only stop that peer.
 */
import type { Peer, PeerOptions } from '@quorate/core';
import { openObservedPeer, type PeerObserver, type Replica } from '@quorate/core/inspect';
import type { Storage, StoredState } from '@quorate/core/ports';
import { InvariantHub } from '../invariants/invariant-hub.ts';
import type { Invariant, ObservedPeer, WorldView } from '../invariants/invariant.ts';
import type { Life } from './life.ts';

/** What an observation needs of its world. */
export interface ObservationOptions {
  readonly invariants: readonly Invariant[];
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  /** Undefined: those of the first peer that is opened. */
  readonly members: readonly string[] | undefined;
  readonly nowMs: () => number;
  /** Ends the run. */
  readonly fail: (error: unknown) => void;
}

interface Running {
  readonly life: Life;
  readonly peer: ObservedPeer;
}

export class Observation {
  readonly view: WorldView;
  readonly #options: ObservationOptions;
  /** Undefined: nobody watches, and nothing is spent on it. */
  readonly #hub: InvariantHub | undefined;
  #members: readonly string[];
  #running: readonly Running[] = [];
  #peers: readonly ObservedPeer[] = [];
  /** The last life of each member on a host, so that a later wipe of its disk can be told. */
  readonly #lastByHost = new Map<string, readonly ObservedPeer[]>();
  #livesCount = 0;
  #core: readonly string[] = [];
  #healedAtMs: number | undefined;
  /** After the end, or the first invariant that was broken, nobody is asked any more. */
  #isOver = false;
  stepsCount = 0;

  constructor(options: ObservationOptions) {
    this.#options = options;
    this.#members = options.members ?? [];
    this.view = this.#createView();
    const { invariants } = options;
    this.#hub = invariants.length === 0 ? undefined : new InvariantHub(invariants, this.view);
  }

  /** Opens a peer that is watched until its life ends. */
  async open(life: Life, options: PeerOptions & { readonly storage: Storage }): Promise<Peer> {
    let running: Running | undefined;
    if (this.#members.length === 0) this.#members = Object.keys(options.members ?? { [options.id]: '' });
    const observer: PeerObserver = {
      opened: (replica, stored) => {
        running = this.#opened(life, options.id, { replica, stored });
      },
      stepped: (input, output) => {
        if (running === undefined || life.isDead) return;
        const { peer } = running;
        this.stepsCount += 1;
        this.#tell((hub) => hub.stepped(peer, input, output));
      },
      sent: (message) => {
        if (running === undefined || life.isDead) return;
        const { peer } = running;
        this.#tell((hub) => hub.sent(peer, message));
      },
    };
    const storage = watchedStorage(options.storage, {
      writing: (batch) => {
        if (running === undefined || life.isDead) return;
        const { peer } = running;
        this.#tell((hub) => hub.writing(peer, batch));
      },
      stored: (batch) => {
        if (running === undefined || life.isDead) return;
        const { peer } = running;
        this.#tell((hub) => hub.stored(peer, batch));
      },
      closed: () => {
        if (running !== undefined && !life.isDead) this.#ended(running, { isWiped: false });
      },
    });
    return await openObservedPeer({ ...options, storage }, observer);
  }

  /** A process is gone, and its peers with it. */
  lifeEnded(life: Life, facts: { readonly isWiped: boolean }): void {
    for (const running of this.#running) if (running.life === life) this.#ended(running, facts);
  }

  /** The disk of a host that does not run is empty now. */
  wiped(host: string): void {
    for (const peer of this.#lastByHost.get(host) ?? []) {
      this.#tell((hub) => hub.crashed(peer, { isWiped: true }));
    }
    this.#lastByHost.delete(host);
  }

  /** Something that was durable on this host is not as it was written any more. */
  rotted(host: string, file: string): void {
    const running = this.#running.filter(({ life }) => life.host.name === host).map(({ peer }) => peer);
    const last = this.#lastByHost.get(host) ?? [];
    const gone = last.filter(({ member }) => !running.some((peer) => peer.member === member));
    for (const peer of [...running, ...gone]) this.#tell((hub) => hub.rotted(peer, { file }));
  }

  /** A process hears that a sync of its files has failed. */
  syncFailed(life: Life): void {
    for (const running of this.#running) {
      if (running.life === life) this.#tell((hub) => hub.syncFailed(running.peer));
    }
  }

  healed(core: readonly string[]): void {
    this.#core = [...core];
    this.#healedAtMs = this.#options.nowMs();
  }

  sweep(): void {
    this.#tell((hub) => hub.swept());
  }

  end(): void {
    this.sweep();
    this.#tell((hub) => hub.ended());
    this.#isOver = true;
  }

  #opened(life: Life, member: string, state: { replica: Replica; stored: StoredState }): Running {
    this.#livesCount += 1;
    const { incarnation } = state.stored;
    const peer: ObservedPeer = { member, life: this.#livesCount, incarnation, ...state };
    const running = { life, peer };
    this.#setRunning([...this.#running, running]);
    this.#tell((hub) => hub.opened(peer));
    return running;
  }

  #ended(ended: Running, facts: { readonly isWiped: boolean }): void {
    if (!this.#running.includes(ended)) return;
    const { name } = ended.life.host;
    this.#setRunning(this.#running.filter((running) => running !== ended));
    const others = this.#lastByHost.get(name) ?? [];
    const ofOthers = others.filter(({ member }) => member !== ended.peer.member);
    this.#lastByHost.set(name, facts.isWiped ? ofOthers : [...ofOthers, ended.peer]);
    this.#tell((hub) => hub.crashed(ended.peer, facts));
  }

  #setRunning(running: readonly Running[]): void {
    this.#running = running;
    const place = ({ member }: ObservedPeer): number => {
      const at = this.#members.indexOf(member);
      return at < 0 ? this.#members.length : at;
    };
    this.#peers = running.map(({ peer }) => peer).sort((a, b) => place(a) - place(b) || a.life - b.life);
  }

  #tell(call: (hub: InvariantHub) => void): void {
    if (this.#hub === undefined || this.#isOver) return;
    try {
      call(this.#hub);
    } catch (error) {
      this.#isOver = true;
      this.#options.fail(error);
    }
  }

  #createView(): WorldView {
    const { heartbeatMs, electionTimeoutMs, nowMs } = this.#options;
    const members = (): readonly string[] => this.#members;
    const peers = (): readonly ObservedPeer[] => this.#peers;
    const core = (): readonly string[] => this.#core;
    const healedAtMs = (): number | undefined => this.#healedAtMs;
    return {
      heartbeatMs,
      electionTimeoutMs,
      get nowMs() {
        return nowMs();
      },
      get members() {
        return members();
      },
      get peers() {
        return peers();
      },
      get core() {
        return core();
      },
      get healedAtMs() {
        return healedAtMs();
      },
    };
  }
}

interface StorageWatch {
  writing(batch: Parameters<Storage['write']>[0]): void;
  stored(batch: Parameters<Storage['write']>[0]): void;
  closed(): void;
}

/** The same storage, whoever implements it, with somebody who hears what has become durable. */
function watchedStorage(storage: Storage, watch: StorageWatch): Storage {
  return {
    open: (owner) => storage.open(owner),
    write: (batch) => {
      watch.writing(batch);
      return storage.write(batch).then(() => watch.stored(batch));
    },
    readSnapshot: (meta, range) => storage.readSnapshot(meta, range),
    close: () => {
      watch.closed();
      return storage.close();
    },
  };
}
