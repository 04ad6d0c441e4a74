/** What the two other members do, in whatever place: they are peers, or they answer each frame of the raw transport. */
import { openPeer } from '@quorate/core';
import type { Logger, Transport, TransportEvents } from '@quorate/core/ports';

export type Role = 'peer' | 'echo';

export interface MemberPlace {
  readonly id: string;
  readonly members: Readonly<Record<string, string>>;
  readonly transport: Transport;
}

/** The member that writes, in the main thread. */
export const mainMember = 'main';
/** Bytes of an answer, about an acknowledgement of the ensemble. */
const answerBytes = 64;
/** Time for a leader to be ready to hand on what it has. */
const handOnAfterMs = 100;

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export async function runMember(role: Role, place: MemberPlace): Promise<void> {
  if (role === 'echo') await answerFrames(place);
  else await runFollower(place);
}

/** Starts the raw transport for a member. */
export function startRaw({ id, members, transport }: MemberPlace, events: TransportEvents): Promise<void> {
  const owner = {
    member: id,
    ensemble: 'raw',
    incarnation: 1,
    members,
    frameBytesMax: 16_777_216,
    logger: silent,
  };
  return transport.start(owner, events);
}

async function answerFrames(place: MemberPlace): Promise<void> {
  await startRaw(place, {
    frame: (from, bytes) => place.transport.send(from, bytes.subarray(0, answerBytes)),
    connected() {},
    disconnected() {},
  });
}

/** A peer that hands leadership on to the main member whenever it gets it. */
async function runFollower({ id, members, transport }: MemberPlace): Promise<void> {
  const peer = await openPeer({ id, members, transport });
  const handOn = (): void => {
    if (peer.role === 'leader')
      peer.transferLeadership(mainMember).catch(() => setTimeout(handOn, handOnAfterMs));
  };
  peer.on('role', () => setTimeout(handOn, handOnAfterMs));
  setTimeout(handOn, handOnAfterMs);
}
