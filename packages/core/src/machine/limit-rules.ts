/**
 * Which limits an ensemble may have. Limits come through the log, from whichever release led first, so apply
 * judges them like any other argument: limits that make no sense would make every later command meaningless.
 */
import { limitNames } from '../codec/op-encode.ts';
import type { EnsembleLimits } from '../limits.ts';

/** What is wrong with the limits, in words; undefined when they can be used. */
export function limitsProblem(limits: EnsembleLimits): string | undefined {
  for (const name of limitNames) {
    const value = limits[name];
    if (!Number.isSafeInteger(value) || value < 0) return `${name} is not a whole number from 0 to 2^53-1`;
  }
  if (limits.repliesPerSessionMax < 1) return 'repliesPerSessionMax is at least 1';
  if (limits.sessionTimeoutMsMin > limits.sessionTimeoutMsMax) {
    return 'sessionTimeoutMsMin is above sessionTimeoutMsMax';
  }
  return undefined;
}

/** A frozen copy with the known limits only, whatever else the object carried. */
export function copyLimits(limits: EnsembleLimits): EnsembleLimits {
  return Object.freeze({
    valueBytesMax: limits.valueBytesMax,
    multiOperationsMax: limits.multiOperationsMax,
    multiBytesMax: limits.multiBytesMax,
    recursiveDeleteMax: limits.recursiveDeleteMax,
    ephemeralsPerSessionMax: limits.ephemeralsPerSessionMax,
    sessionsMax: limits.sessionsMax,
    repliesPerSessionMax: limits.repliesPerSessionMax,
    historyChangesMax: limits.historyChangesMax,
    historyBytesMax: limits.historyBytesMax,
    sessionTimeoutMsMin: limits.sessionTimeoutMsMin,
    sessionTimeoutMsMax: limits.sessionTimeoutMsMax,
    containerGraceMs: limits.containerGraceMs,
  });
}
