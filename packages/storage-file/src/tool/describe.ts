/** What a directory holds, in words: for `inspect` and `verify`. */
import { segmentName } from '../log/segment.ts';
import type { Finding } from '../recovery.ts';
import { snapshotFileName } from '../snapshot/snapshot-file.ts';

/** Lines for a person who looks at one directory. */
export function describe(finding: Finding): readonly string[] {
  if (finding.kind === 'new') return ['empty: no member has used this directory yet'];
  if (finding.kind === 'lost') return [`DAMAGED: ${finding.damage}`];
  const { slot, log, snapshot, complete, entries, hardState, notices, damage } = finding.found;
  const { owner, incarnation, lastSegment, logStart } = slot.state;
  const [first, last] = [entries[0], entries.at(-1)];
  const position = snapshot === undefined ? 'none' : `entry ${snapshot.index} of term ${snapshot.term}`;
  return [
    `member ${JSON.stringify(owner.member)} of ensemble ${JSON.stringify(owner.ensemble)}`,
    `incarnation ${incarnation}, manifest generation ${slot.generation}`,
    `term ${hardState?.term ?? 0}, vote ${JSON.stringify(hardState?.vote ?? null)}`,
    `snapshot: ${position} (${complete.map(snapshotFileName).join(', ') || 'no file'})`,
    first === undefined || last === undefined
      ? 'entries: none behind the snapshot'
      : `entries: ${first.index} to ${last.index}, terms ${first.term} to ${last.term}`,
    `log: records up to ${log.chain.number}, ${segmentName(logStart.segment)} to ${segmentName(lastSegment)}`,
    ...log.leftovers.map(
      ({ segment, start }) =>
        `${segmentName(segment)}: no record from byte ${start} on, though not all zeros`,
    ),
    ...notices.map((notice) => `notice: ${notice}`),
    damage === undefined ? 'intact' : `DAMAGED: ${damage}; what is said above is the intact part`,
  ];
}

/** What is wrong with it, undefined if nothing is. */
export function damageOf(finding: Finding): string | undefined {
  if (finding.kind === 'new') return undefined;
  return finding.kind === 'lost' ? finding.damage : finding.found.damage;
}
