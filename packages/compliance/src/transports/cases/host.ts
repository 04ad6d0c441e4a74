/** The host comes first: what runs idle keeps no process alive, and what is closed leaves nothing behind. */
import { ComplianceFailure } from '../../expectations.ts';
import { nextTurn, sleep } from '../../waiting.ts';
import { type CaseWorld, memberIds } from '../case-world.ts';
import { frameOf } from '../frames.ts';
import type { TransportCase } from '../transport-case.ts';

/** What keeps this process alive, by kind. Looked at outside of a timer's callback, which would count itself. */
function holding(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** What is there now and was not before. The test runner's own comes and goes, so a few looks are taken. */
export async function expectNothingHeld(
  world: CaseWorld,
  before: ReadonlyMap<string, number>,
  statement: string,
): Promise<void> {
  const endAt = performance.now() + world.patienceMs;
  for (;;) {
    await sleep(lookEveryMs);
    await nextTurn();
    const more = [...holding()].filter(([kind, count]) => count > (before.get(kind) ?? 0));
    if (more.length === 0) return;
    if (performance.now() > endAt) {
      throw new ComplianceFailure(`${statement}; what keeps it alive: ${more.join(' ')}`);
    }
  }
}

/**
 * What keeps the process alive anyway. The least of several looks: what the test runner holds for a moment would
 * hide as much of the transport's. Cases hold several of each, so that a moment of the runner hides none of them.
 */
export async function heldBefore(): Promise<ReadonlyMap<string, number>> {
  let least = holding();
  for (let look = 0; look < looks; look += 1) {
    await sleep(lookEveryMs);
    await nextTurn();
    const now = holding();
    least = new Map([...least].map(([kind, count]) => [kind, Math.min(count, now.get(kind) ?? 0)]));
  }
  return least;
}

const looks = 10;
const lookEveryMs = 5;

export const hostCases: readonly TransportCase[] = [
  {
    title: 'connected members that have nothing to do keep no process alive',
    run: async (world) => {
      const before = await heldBefore();
      const members = await Promise.all(memberIds.map((id) => world.start(id)));
      await world.connected(...members);
      for (const member of members) member.send('a', frameOf(1, 1_000));
      await expectNothingHeld(world, before, 'idle members keep no process alive');
    },
  },
  {
    title: 'closed members leave nothing behind that keeps a process alive, however often',
    run: async (world) => {
      const before = await heldBefore();
      for (let life = 1; life <= 10; life += 1) {
        const members = await Promise.all(memberIds.map((id) => world.start(id, { incarnation: life })));
        await world.connected(...members);
        for (const member of members) member.send('a', frameOf(1, 1_000));
        await Promise.all(members.map((member) => world.close(member, { abrupt: life % 2 === 0 })));
      }
      await expectNothingHeld(world, before, 'closed members keep no process alive');
    },
  },
];
