/** All mutants, in the order of the catalogue. */
import { elections } from './catalogue/elections.ts';
import { reads } from './catalogue/reads.ts';
import { remoteSessions } from './catalogue/remote.ts';
import { replication } from './catalogue/replication.ts';
import { sessions } from './catalogue/sessions.ts';
import { snapshots } from './catalogue/snapshots.ts';
import { storageBugs } from './catalogue/storage.ts';
import type { Mutant } from './mutant.ts';

export const mutants: readonly Mutant[] = [
  ...elections,
  ...replication,
  ...snapshots,
  ...sessions,
  ...reads,
  ...remoteSessions,
  ...storageBugs,
];
