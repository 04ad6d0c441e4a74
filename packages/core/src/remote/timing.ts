/**
 * When a session gives a connection up. All of it is a part of the session's time-out: there must be time to find
 * another peer, perhaps a second one, and to be confirmed there before the session is overdue.
 */
export interface LineTiming {
  /** Silence after which the peer is asked whether it is still there. */
  readonly pulseMs: number;
  /** Silence after which it is not: the connection is given up. Also the bound of a greeting. */
  readonly silenceMs: number;
  /** How long a peer may know of no leader before another one is looked for. */
  readonly leaderlessMs: number;
}

/** A lasting session is in no hurry. */
const lastingTimeoutMs = 12_000;

export function lineTiming(timeoutMs: number): LineTiming {
  const baseMs = Number.isFinite(timeoutMs) ? timeoutMs : lastingTimeoutMs;
  return {
    pulseMs: clamp(baseMs / 12, 40, 1_000),
    silenceMs: clamp(baseMs / 4, 150, 3_000),
    leaderlessMs: clamp(baseMs / 5, 150, 2_000),
  };
}

/** Opening goes through the log, perhaps across an election. */
export const openingMsMax = 3_000;

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
