/** Three peers as processes, and what they tell of their first writes in each term. */
import { type ChildProcess, fork } from 'node:child_process';
import { loopbackMembers } from '../processes.ts';
import type { FirstWrite } from './peer.ts';

export type Blow = 'SIGKILL' | 'SIGSTOP';

export interface Failover {
  /** From the signal to the first write that anybody got acknowledged in a newer term. */
  readonly tookMs: number;
  /** What a write took before: a round trip and a sync. */
  readonly writeMs: number;
}

const ids: readonly string[] = ['a', 'b', 'c'];
/** The second peer to tell may have been the first to write. */
const othersTellMs = 50;
/** Between the last peer's first write and the next signal: the connections are old, and nothing is caught up. */
const calmMs = 300;

export class Ensemble {
  readonly #folder: string;
  readonly #members: Readonly<Record<string, string>>;
  readonly #children = new Map<string, ChildProcess>();
  readonly #newest = new Map<string, FirstWrite>();
  #told: () => void = () => undefined;

  private constructor(folder: string, members: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#members = members;
  }

  static async open(folder: string): Promise<Ensemble> {
    const ensemble = new Ensemble(folder, await loopbackMembers(ids));
    for (const id of ids) ensemble.#start(id);
    return ensemble;
  }

  /** Strikes the leader once all three work in one term, and makes it well again afterwards. */
  async strike(blow: Blow): Promise<Failover> {
    await this.#until(() => this.#isCalm());
    await sleep(calmMs);
    const before = this.#latest();
    const child = this.#children.get(before.leader);
    const startedAt = process.hrtime.bigint();
    child?.kill(blow);
    await this.#until(() => this.#latest().term > before.term);
    await sleep(othersTellMs);
    const after = [...this.#newest.values()].filter(
      ({ id, term }) => term > before.term && id !== before.leader,
    );
    const tookMs = Math.min(...after.map(({ at }) => Number(BigInt(at) - startedAt) / 1e6));
    if (blow === 'SIGSTOP') child?.kill('SIGCONT');
    else this.#start(before.leader);
    return { tookMs, writeMs: Math.min(...after.map(({ medianMs }) => medianMs ?? Infinity)) };
  }

  close(): void {
    for (const child of this.#children.values()) child.kill('SIGKILL');
  }

  #start(id: string): void {
    const args = [id, JSON.stringify(this.#members), this.#folder];
    const child = fork(new URL('peer.js', import.meta.url), args);
    child.on('message', (told: FirstWrite) => {
      this.#newest.set(id, told);
      this.#told();
    });
    this.#newest.delete(id);
    this.#children.set(id, child);
  }

  #isCalm(): boolean {
    const { term } = this.#latest();
    return ids.every((id) => this.#newest.get(id)?.term === term);
  }

  #latest(): FirstWrite {
    const nobody: FirstWrite = { id: '', term: 0, leader: '', at: '0', medianMs: undefined };
    return [...this.#newest.values()].reduce((best, each) => (each.term > best.term ? each : best), nobody);
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
  }
}

function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}
