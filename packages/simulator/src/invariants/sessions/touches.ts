/** Touches of sessions as they cross a leader's edge: who asks, and what is confirmed. */
import type { ObservedStep } from '../invariant.ts';

/** Named by the member that asked and its number. */
export interface Touched {
  readonly key: string;
  readonly sessions: readonly number[];
}

/** The touch that this step brings to the peer, from its own sessions or from those of another. */
export function touchOf({ peer, input }: ObservedStep): Touched | undefined {
  if (input?.kind === 'touch') return { key: `${peer.member} ${input.id}`, sessions: input.sessions };
  if (input?.kind !== 'message' || input.message.kind !== 'touch') return undefined;
  const { from, id, sessions } = input.message;
  return { key: `${from} ${id}`, sessions };
}

/** The touches that this peer confirms in this step; those that a leader's answer brings are not its own. */
export function confirmedBy({ peer, input, output }: ObservedStep): readonly Touched[] {
  const confirmed: Touched[] = [];
  for (const message of output.sendNow) {
    if (message.kind !== 'touch-reply' || message.sessions.length === 0) continue;
    confirmed.push({ key: `${message.to} ${message.id}`, sessions: message.sessions });
  }
  if (input?.kind === 'message' && input.message.kind === 'touch-reply') return confirmed;
  for (const notice of output.notices) {
    if (notice.kind !== 'touched' || notice.sessions.length === 0) continue;
    confirmed.push({ key: `${peer.member} ${notice.id}`, sessions: notice.sessions });
  }
  return confirmed;
}
