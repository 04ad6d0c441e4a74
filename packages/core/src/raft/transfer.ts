/**
 * Leadership transfer (Raft thesis 3.10). The leader takes no proposals meanwhile; once the target holds the whole
 * log it is told to campaign at once. It is over when somebody else leads or an election time-out has passed.
 * Reads stay correct all the time: each is confirmed by a round of its own (6.4), never by the calendar.
 */
import { isCounted } from './counting.ts';
import type { RaftState } from './state.ts';

/** The input `transfer`. */
export function startTransfer(state: RaftState, to: string | undefined): void {
  const target = state.role === 'leader' ? (to ?? bestTarget(state)) : undefined;
  if (target === state.id) {
    state.outbox.notice({ kind: 'transfer-done', to: target });
    return;
  }
  if (target !== undefined && state.transfer?.to === target) return;
  if (target === undefined || !isEligible(state, target)) {
    state.outbox.notice({ kind: 'transfer-failed', to });
    return;
  }
  failTransfer(state);
  state.transfer = { to: target, failAt: state.now + state.config.electionTicks, isTold: false };
}

/** The leader, at the end of each step: the target that has everything is told to campaign. */
export function continueTransfer(state: RaftState): void {
  const { transfer, leadership } = state;
  if (transfer === undefined || leadership === undefined || transfer.isTold) return;
  const progress = leadership.followers.get(transfer.to);
  if (progress?.matchIndex !== state.log.lastIndex || !isCounted(state, progress)) return;
  transfer.isTold = true;
  state.outbox.send({ kind: 'timeout-now', ...state.header(transfer.to) });
}

/** Somebody leads, or nobody does any more. */
export function settleTransfer(state: RaftState): void {
  if (state.transfer === undefined || state.leader === undefined) return;
  if (state.leader !== state.transfer.to) {
    failTransfer(state);
    return;
  }
  state.outbox.notice({ kind: 'transfer-done', to: state.transfer.to });
  state.transfer = undefined;
}

export function tickTransfer(state: RaftState): void {
  if (state.transfer !== undefined && state.now >= state.transfer.failAt) failTransfer(state);
}

function failTransfer(state: RaftState): void {
  if (state.transfer === undefined) return;
  state.outbox.notice({ kind: 'transfer-failed', to: state.transfer.to });
  state.transfer = undefined;
}

/** A voter, unless it is known not to count. A new leader may not have heard from it yet: that is waited for. */
function isEligible(state: RaftState, id: string): boolean {
  const progress = state.leadership?.followers.get(id);
  if (progress === undefined || !state.membership.voters.includes(id)) return false;
  return progress.incarnation === undefined || isCounted(state, progress);
}

/** The voter that has caught up furthest; of equals the first by name. */
function bestTarget(state: RaftState): string | undefined {
  let best: { readonly id: string; readonly matchIndex: number } | undefined;
  for (const id of state.membership.voters) {
    const progress = state.leadership?.followers.get(id);
    if (progress === undefined || !progress.isHealthy || !isEligible(state, id)) continue;
    const { matchIndex } = progress;
    if (best === undefined || matchIndex > best.matchIndex) best = { id, matchIndex };
  }
  return best?.id;
}
