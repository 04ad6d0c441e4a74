/** What the two other members do, in whatever place: they are peers, or they answer each frame of the raw transport. */
import type { Logger, TransportEvents } from '@quorate/core/ports';
import { type MemberPlace, runOther } from '../three-peers.ts';

export type Role = 'peer' | 'echo';

/** Bytes of an answer, about an acknowledgement of the ensemble. */
const answerBytes = 64;

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export async function runMember(role: Role, place: MemberPlace): Promise<void> {
  if (role === 'echo') await answerFrames(place);
  else await runOther(place);
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
