/**
 * Three peers of which the main one leads and has the session that writes, wherever the two others live: they hand
 * leadership on to it whenever they get it.
 */
import { openPeer, type PeerOptions } from '@quorate/core';
import type { Storage, Transport } from '@quorate/core/ports';

/** What one of the others is opened with. */
export interface MemberPlace {
  readonly id: string;
  readonly members: Readonly<Record<string, string>>;
  readonly transport: Transport;
  /** Default: volatile. */
  readonly storage?: Storage;
}

/** What is measured: writes, or what stands for them. */
export interface Subject {
  /** One write, or one answered share of a frame. */
  call(lane: number): Promise<unknown>;
  close(): Promise<void>;
}

/** The member that writes. */
export const mainMember = 'main';
export const otherMembers: readonly string[] = ['b', 'c'];
export const value: Uint8Array = new Uint8Array(100).map((_, index) => index);
const pathsCount = 1_024;
const paths: readonly string[] = Array.from(
  { length: pathsCount },
  (_, index) => `/bench/item-${String(index).padStart(5, '0')}`,
);
/** Time for a leader to be ready to hand on what it has. */
const handOnAfterMs = 100;

/** The znode that a lane writes. */
export function pathOf(lane: number): string {
  return paths[lane % pathsCount] ?? '/bench';
}

/** Opens the main member, waits until it leads, and closes no other one. */
export async function openMain(options: PeerOptions): Promise<Subject> {
  const peer = await openPeer(options);
  await peer.ready({ deadlineMs: 60_000 });
  while (peer.role !== 'leader') await new Promise((resolve) => setTimeout(resolve, 10));
  const session = await peer.openSession({ timeoutMs: 60_000 });
  await session.create('/bench');
  await Promise.all(paths.map((path) => session.create(path, value)));
  return {
    call: (lane) => session.set(pathOf(lane), value),
    async close() {
      await session.close();
      await peer.close({ graceful: false });
    },
  };
}

/** A peer that hands leadership on to the main member whenever it gets it. */
export async function runOther(place: MemberPlace): Promise<void> {
  const peer = await openPeer(place);
  const handOn = (): void => {
    if (peer.role === 'leader')
      peer.transferLeadership(mainMember).catch(() => setTimeout(handOn, handOnAfterMs));
  };
  peer.on('role', () => setTimeout(handOn, handOnAfterMs));
  setTimeout(handOn, handOnAfterMs);
}
