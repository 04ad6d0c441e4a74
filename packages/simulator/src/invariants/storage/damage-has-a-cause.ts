/**
 * DamageHasACause: a storage calls itself damaged only when something that was durable is not there or not as it
 * was written. A crash, a loss of power, a failed call or a full disk leaves nothing of that kind.
 *
 * Source: docs/internals/recovery.md; catalogue B44 (a torn tail that bricks a member), B48 to B50.
 * Why it matters: a member that calls itself damaged counts no more until the others have admitted it again, and one
 * that is alone does not start. Two power losses must not take away a majority.
 * Boundaries: the world flips bits and says so; from then on, until the member has gone on under another
 * incarnation, its storage may say that it is damaged. A bit that does no harm is no cause, but nobody here knows
 * which file holds what, so it passes for one.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const damageHasACause: Invariant = {
  name: 'DamageHasACause',
  statement: 'A storage calls itself damaged only when something that was durable was taken from it.',
  source: 'recovery.md',
  watch(): InvariantWatch {
    /** Files with flipped bits, by member. */
    const rotten = new Map<string, Set<string>>();
    return {
      rotted({ member }, _view, { file }) {
        rotten.set(member, (rotten.get(member) ?? new Set()).add(file));
      },
      stored({ peer: { member, stored } }) {
        // It has made a working directory of the intact part.
        if (stored.damage !== undefined) rotten.delete(member);
      },
      crashed({ member }, _view, { isWiped }) {
        if (isWiped) rotten.delete(member);
      },
      opened({ member, life, stored }) {
        if (stored.damage === undefined || rotten.has(member)) return;
        throw new InvariantBroken(
          'DamageHasACause',
          'a storage calls itself damaged, and nothing harmed it',
          {
            member,
            life,
            damage: stored.damage,
          },
        );
      },
    };
  },
};
