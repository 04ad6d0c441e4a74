/** The disks of all members, one for each incarnation: a wiped one is remembered beside the one that followed. */
import type { WriteBatch } from '@quorate/core/ports';
import type { ObservedPeer } from '../invariant.ts';
import { DiskMirror } from './disk-mirror.ts';

export class Disks {
  readonly #disks = new Map<string, Map<number, DiskMirror>>();

  /** Of one incarnation; undefined: it was never started. */
  of(member: string, incarnation: number): DiskMirror | undefined {
    return this.#disks.get(member)?.get(incarnation);
  }

  /** Of all incarnations of a member that were started. */
  allOf(member: string): readonly DiskMirror[] {
    return [...(this.#disks.get(member)?.values() ?? [])];
  }

  /** Of one life; made when it is asked for first. */
  ofPeer({ member, incarnation }: Pick<ObservedPeer, 'member' | 'incarnation'>): DiskMirror {
    let disks = this.#disks.get(member);
    if (disks === undefined) {
      disks = new Map();
      this.#disks.set(member, disks);
    }
    let disk = disks.get(incarnation);
    if (disk === undefined) {
      disk = new DiskMirror(member, incarnation);
      disks.set(incarnation, disk);
    }
    return disk;
  }

  /** Whether this incarnation lost its disk. */
  isWiped(member: string, incarnation: number): boolean {
    return this.of(member, incarnation)?.isWiped === true;
  }

  opened(peer: ObservedPeer): void {
    this.ofPeer(peer).opened(peer.stored);
    // A wipe while nobody ran was not told: another incarnation shows it.
    for (const disk of this.#disks.get(peer.member)?.values() ?? []) {
      if (disk.incarnation !== peer.incarnation) disk.isWiped = true;
    }
  }

  writing(peer: ObservedPeer, batch: WriteBatch): void {
    this.ofPeer(peer).underWay = batch;
  }

  stored(peer: ObservedPeer, batch: WriteBatch): void {
    this.ofPeer(peer).stored(batch);
  }

  crashed(peer: ObservedPeer, isWiped: boolean): void {
    if (isWiped) this.ofPeer(peer).isWiped = true;
  }
}
