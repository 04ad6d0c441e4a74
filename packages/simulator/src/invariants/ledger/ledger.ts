/**
 * What all invariants of one run know together: the disks, what is committed, what was applied first. Told by the
 * hub after the invariants, so that each of them sees it as it was before what happens now.
 */
import type { WriteBatch } from '@quorate/core/ports';
import type { ObservedPeer, ObservedStep } from '../invariant.ts';
import { Commits } from './commits.ts';
import { Disks } from './disks.ts';
import { Fresh } from './fresh.ts';

/** What is known of one run. */
export class Ledger {
  readonly disks: Disks = new Disks();
  readonly commits: Commits = new Commits();
  readonly fresh: Fresh = new Fresh();

  opened(peer: ObservedPeer): void {
    this.disks.opened(peer);
    this.commits.opened(peer);
  }

  stepped(step: ObservedStep): void {
    this.commits.stepped(step);
    this.fresh.stepped(step);
  }

  writing(peer: ObservedPeer, batch: WriteBatch): void {
    this.disks.writing(peer, batch);
  }

  stored(peer: ObservedPeer, batch: WriteBatch): void {
    this.disks.stored(peer, batch);
  }

  crashed(peer: ObservedPeer, isWiped: boolean): void {
    this.disks.crashed(peer, isWiped);
  }
}
