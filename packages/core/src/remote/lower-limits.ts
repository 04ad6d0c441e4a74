import type { PeerLimits } from '../limits.ts';
import type { ServedLimits } from '../wire/session-messages.ts';

/** The bounds of this process, or of the peer where those are lower. */
export function lowerOf(own: PeerLimits, served: ServedLimits): PeerLimits {
  const { frameBytesMax, sessionRequestsInFlightMax, sessionBytesInFlightMax, watchesPerSessionMax } = served;
  return {
    ...own,
    frameBytesMax: Math.min(own.frameBytesMax, frameBytesMax),
    sessionRequestsInFlightMax: Math.min(own.sessionRequestsInFlightMax, sessionRequestsInFlightMax),
    sessionBytesInFlightMax: Math.min(own.sessionBytesInFlightMax, sessionBytesInFlightMax),
    watchesPerSessionMax: Math.min(own.watchesPerSessionMax, watchesPerSessionMax),
  };
}
