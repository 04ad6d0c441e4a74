/** A member of the run, in whatever process it lives now: started, killed, stopped for a while, started again. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { PeerReport } from './messages.ts';

export interface PeerPlace {
  readonly id: string;
  readonly members: Readonly<Record<string, string>>;
  readonly folder: string;
}

export type PeerStatusReport = Extract<PeerReport, { kind: 'status' }>;

export class PeerProcess {
  readonly id: string;
  /** Reasons of peers that stopped by themselves, and codes of processes that nobody killed. */
  readonly failures: string[] = [];
  readonly #place: PeerPlace;
  readonly #tellLeader: (leader: string, term: number) => void;
  readonly #statusWaits: ((status: PeerStatusReport) => void)[] = [];
  #child: ChildProcess | undefined;
  #lives = 0;

  constructor(place: PeerPlace, tellLeader: (leader: string, term: number) => void) {
    this.id = place.id;
    this.#place = place;
    this.#tellLeader = tellLeader;
  }

  /** Nothing if it runs already. */
  start(): void {
    if (this.#child !== undefined) return;
    const { id, members, folder } = this.#place;
    this.#lives += 1;
    const settings = {
      id,
      members,
      directory: join(folder, id),
      logFile: join(folder, `${id}-${this.#lives}.committed`),
    };
    const child = fork(new URL('../programs/peer.js', import.meta.url), [JSON.stringify(settings)]);
    this.#child = child;
    child.on('message', (report: PeerReport) => this.#hear(report));
    child.once('exit', (code, signal) => {
      if (signal !== 'SIGKILL') this.failures.push(`${id}: its process ended with ${code ?? signal}`);
      if (this.#child === child) this.#child = undefined;
    });
  }

  /** As a crash of its process. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.kill('SIGKILL') === true) await once(child, 'exit');
  }

  stop(): void {
    this.#child?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child?.kill('SIGCONT');
  }

  status(): Promise<PeerStatusReport> {
    return new Promise((resolve) => {
      this.#statusWaits.push(resolve);
      this.#child?.send('status');
    });
  }

  #hear(report: PeerReport): void {
    if (report.kind === 'fatal') this.failures.push(`${this.id}: ${report.reason}`);
    else if (report.kind === 'status') this.#statusWaits.shift()?.(report);
    else if (report.leader !== undefined) this.#tellLeader(report.leader, report.term);
  }
}
