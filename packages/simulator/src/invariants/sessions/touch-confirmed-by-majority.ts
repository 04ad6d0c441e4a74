/**
 * TouchConfirmedByMajority: a leader confirms a touch only after a majority has answered a round that began after
 * the touch arrived; a deposed leader confirms nothing.
 *
 * Source: semantics.md, Sessions (keeping alive); Raft thesis 6.4.
 * How: rounds are counted here from the messages that leave and arrive. Beside that, a touch that arrives when
 * somebody was already elected in a later term can never be confirmed, whatever the rounds say.
 * Boundaries: a touch may come before the election; any round of the new leadership confirms it then. An ensemble
 * of one is its own majority. Answers count in the incarnation that is listed. A touch that the network doubled is as
 * good as its first arrival.
 */
import {
  InvariantBroken,
  type Invariant,
  type InvariantWatch,
  type ObservedPeer,
  type ObservedStep,
} from '../invariant.ts';
import { hasMajority } from '../raft/quorum.ts';
import { confirmedBy, touchOf } from './touches.ts';

interface Leading {
  readonly term: number;
  /** The highest round that any message has shown so far. */
  round: number;
  readonly echoes: Map<string, { readonly incarnation: number; readonly round: number }>;
  /** By touch: the rounds that had begun before it came. */
  readonly arrivals: Map<string, { readonly round: number; readonly isDeposed: boolean }>;
}

export const touchConfirmedByMajority: Invariant = {
  name: 'TouchConfirmedByMajority',
  statement: 'A touch is confirmed only by a majority, in a round that began after it.',
  source: 'semantics.md, Sessions; Raft thesis 6.4',
  watch(): InvariantWatch {
    const leaders = new WeakMap<ObservedPeer, Leading>();
    /** Touches that came to a peer while it did not lead, with the latest term that was led then. */
    const early = new WeakMap<ObservedPeer, Map<string, number>>();
    let electedTerm = 0;
    return {
      stepped(step) {
        const { peer, after } = step;
        const touch = touchOf(step);
        if (after.role !== 'leader') {
          if (touch !== undefined) {
            const waiting = early.get(peer) ?? new Map<string, number>();
            early.set(peer, waiting.set(touch.key, electedTerm));
          }
          for (const { key, sessions } of confirmedBy(step)) {
            throw new InvariantBroken(
              'TouchConfirmedByMajority',
              'a peer that does not lead confirms a touch',
              {
                member: peer.member,
                touch: key,
                sessions,
              },
            );
          }
          return;
        }
        electedTerm = Math.max(electedTerm, after.term);
        let leading = leaders.get(peer);
        if (leading?.term !== after.term) {
          leading = { term: after.term, round: 0, echoes: new Map(), arrivals: new Map() };
          for (const [key, term] of early.get(peer) ?? []) {
            leading.arrivals.set(key, { round: 0, isDeposed: term > after.term });
          }
          early.delete(peer);
          leaders.set(peer, leading);
        }
        noteEcho(leading, step);
        if (touch !== undefined && !leading.arrivals.has(touch.key)) {
          leading.arrivals.set(touch.key, { round: leading.round, isDeposed: electedTerm > after.term });
        }
        for (const { key, sessions } of confirmedBy(step)) judge(step, leading, { key, sessions });
        noteRounds(leading, step);
      },
    };
  },
};

function judge(
  { peer, after }: ObservedStep,
  leading: Leading,
  touch: { key: string; sessions: readonly number[] },
): void {
  const arrival = leading.arrivals.get(touch.key);
  const { membership } = peer.replica.raft;
  const hasEchoed = (voter: string): boolean => {
    if (voter === peer.member) return true;
    const echo = leading.echoes.get(voter);
    if (echo === undefined || echo.incarnation !== membership.members[voter]?.incarnation) return false;
    return echo.round > (arrival?.round ?? Number.POSITIVE_INFINITY);
  };
  if (arrival !== undefined && !arrival.isDeposed && hasMajority(membership, hasEchoed)) return;
  const problem =
    arrival === undefined
      ? 'a touch is confirmed that nobody made'
      : arrival.isDeposed
        ? 'a deposed leader confirms a touch'
        : 'a touch is confirmed without a majority';
  throw new InvariantBroken('TouchConfirmedByMajority', problem, {
    leader: peer.member,
    term: after.term,
    touch: touch.key,
    sessions: touch.sessions,
    roundBefore: arrival?.round,
    echoes: Object.fromEntries([...leading.echoes].map(([member, { round }]) => [member, round])),
  });
}

function noteEcho(leading: Leading, { input }: ObservedStep): void {
  if (input?.kind !== 'message') return;
  const { message } = input;
  if (message.kind !== 'append-reply' && message.kind !== 'install-snapshot-reply') return;
  if (message.term !== leading.term) return;
  const { from, incarnation } = message;
  const before = leading.echoes.get(from);
  const round = before?.incarnation === incarnation ? Math.max(before.round, message.round) : message.round;
  leading.echoes.set(from, { incarnation, round });
}

function noteRounds(leading: Leading, { output }: ObservedStep): void {
  for (const messages of [output.sendNow, output.sendAfterPersist]) {
    for (const message of messages) {
      if (message.kind === 'append' || message.kind === 'install-snapshot') {
        leading.round = Math.max(leading.round, message.round);
      }
    }
  }
}
