/** What the catalogue of known bugs has and this code cannot have, or not yet: each with the reason. */
import type { Inexpressible } from '../mutant.ts';

const noChange = 'the membership cannot be changed at run time yet, beside listing a new incarnation';

export const inexpressible: readonly Inexpressible[] = [
  { id: 'B03', reason: 'the answer to a vote names no vote of its sender, only whether it was granted' },
  { id: 'B10', reason: `there are no learners: ${noChange}` },
  {
    id: 'B13',
    reason:
      'an election too many breaks no promise; driver.test.ts (a late tick) and leader-silence.test.ts (a burst of ticks) have the rules',
  },
  { id: 'B30', reason: noChange },
  { id: 'B31', reason: noChange },
  { id: 'B34', reason: noChange },
  { id: 'B35', reason: noChange },
  { id: 'B36', reason: noChange },
  {
    id: 'B55',
    reason:
      'a world has no load of its own: steps take no virtual time; leases.test.ts and limits.ts have the bounds',
  },
  { id: 'B57', reason: 'locks are recipes over the session, which are still to come' },
  { id: 'B58', reason: 'locks are recipes over the session, which are still to come' },
  {
    id: 'B61',
    reason:
      'zxids, indexes and terms are safe integers: no run reaches a roll-over; unit tests begin at the borders',
  },
  { id: 'B62', reason: 'there are no permissions yet' },
  {
    id: 'B63',
    reason:
      'the world drops what breaks the protocol like the driver does; driver.test.ts and frame.test.ts feed it bytes',
  },
  { id: 'B64', reason: 'a world ends a process with everything in it; open-peer.test.ts closes real ones' },
];
