/** What the catalogue of known bugs has and this code cannot have, or not yet: each with the reason. */
import type { Inexpressible } from '../mutant.ts';

const noChange = 'the membership cannot be changed at run time yet, beside listing a new incarnation';

export const inexpressible: readonly Inexpressible[] = [
  { id: 'B03', reason: 'the answer to a vote names no vote of its sender, only whether it was granted' },
  { id: 'B10', reason: `there are no learners: ${noChange}` },
  {
    id: 'B21',
    reason:
      'an append without entries names the entry before the next one to send; naming an older one is harmless here',
  },
  { id: 'B30', reason: noChange },
  { id: 'B31', reason: noChange },
  { id: 'B34', reason: noChange },
  { id: 'B35', reason: noChange },
  { id: 'B36', reason: noChange },
  { id: 'B57', reason: 'locks are recipes over the session, which are still to come' },
  { id: 'B58', reason: 'locks are recipes over the session, which are still to come' },
  {
    id: 'B61',
    reason:
      'zxids, indexes and terms are safe integers: no run reaches a roll-over; unit tests begin at the borders',
  },
  { id: 'B62', reason: 'there are no permissions yet' },
];
