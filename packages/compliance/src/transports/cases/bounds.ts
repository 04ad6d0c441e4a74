/** What waits is bounded: a reader that does not keep up costs the sender refused frames, not its memory. */
import { expectFrames, frameOf, isSame } from '../frames.ts';
import { expectThat } from '../../expectations.ts';
import { capability, type CaseWorld } from '../case-world.ts';
import type { TestMember } from '../test-member.ts';
import { nextTurn } from '../../waiting.ts';
import type { TransportCase } from '../transport-case.ts';

/** A few frames, sent over and over: what waits costs this suite no memory of its own. */
const variety = 8;

function varietyOf(length: number): readonly Uint8Array[] {
  return Array.from({ length: variety }, (_, number) => frameOf(number, length));
}

/** Sends until `send` answers false; answers how many were accepted. Fails if that takes too many. */
function sendUntilRefused(from: TestMember, to: string, length: number, framesMax: number): number {
  const frames = varietyOf(length);
  let count = 0;
  for (;;) {
    const frame = frames[count % variety] ?? frameOf(0, length);
    if (!from.send(to, frame)) return count;
    count += 1;
    expectThat(count <= framesMax, 'what waits for a member that reads nothing is bounded', {
      frames: count,
      frameBytes: length,
    });
  }
}

/** All that was accepted, in its order, and nothing else. */
async function expectAccepted(
  world: CaseWorld,
  { to, from, length, count }: { to: TestMember; from: string; length: number; count: number },
): Promise<void> {
  await world.until(`${count} accepted frames are there`, () => to.framesFrom(from).length >= count);
  const frames = varietyOf(length);
  const seen = to.framesFrom(from);
  expectThat(
    seen.length === count &&
      seen.every((bytes, at) => isSame(bytes, frames[at % variety] ?? bytes.subarray(1))),
    'every accepted frame arrives, in its order',
    { accepted: count, seen: seen.length },
  );
}

export const boundCases: readonly TransportCase[] = [
  {
    title: 'frames of one turn are refused before too many bytes wait, and accepted again later',
    needs: ['burst'],
    run: async (world) => {
      const [a, b] = await world.pair();
      const length = 65_536;
      const framesMax = Math.ceil(world.waitingBytesMax / length);
      const count = sendUntilRefused(a, 'b', length, framesMax);
      expectThat(count >= 2, 'a queue has room for more than one frame', count);
      await expectAccepted(world, { to: b, from: 'a', length, count });
      await world.until('a frame is accepted again', () => a.send('b', frameOf(99, 10)));
      await world.until('it is there', () => b.framesFrom('a').length > count);
      expectFrames(b.framesFrom('a').slice(count), [frameOf(99, 10)]);
    },
  },
  {
    title: 'small frames of one turn are refused before too many of them wait',
    needs: ['burst'],
    run: async (world) => {
      const [a, b] = await world.pair();
      const count = sendUntilRefused(a, 'b', 8, world.waitingFramesMax);
      expectThat(count >= 1_000, 'a queue has room for a thousand small frames', count);
      await expectAccepted(world, { to: b, from: 'a', length: 8, count });
    },
  },
  {
    title:
      'a member that reads nothing for many turns gets what was accepted later; others get theirs meanwhile',
    needs: ['stall'],
    run: async (world) => {
      const [a, b] = await world.pair();
      const c = await world.start('c');
      await world.connected(a, b, c);
      const resume = await capability(world.network.stall?.bind(world.network), 'stall')('b');
      const length = 65_536;
      const framesMax = Math.ceil(world.waitingBytesMax / length);
      let count = 0;
      for (let turn = 0; turn < 50; turn += 1) {
        count += sendUntilRefused(a, 'b', length, framesMax - count);
        expectThat(a.send('c', frameOf(turn, 100)), 'a frame to another member is accepted');
        await nextTurn();
      }
      await world.until('c has its frames', () => c.framesFrom('a').length === 50);
      resume();
      await expectAccepted(world, { to: b, from: 'a', length, count });
      await world.until('a frame is accepted again', () => a.send('b', frameOf(99, 10)));
    },
  },
  {
    title: 'what waits for a member that dies is given up, and its next life starts with nothing of it',
    needs: ['burst'],
    run: async (world) => {
      const [a, b] = await world.pair();
      sendUntilRefused(a, 'b', 65_536, Math.ceil(world.waitingBytesMax / 65_536));
      await world.close(b, { abrupt: true });
      await world.until('a is told', () => a.count('disconnected', 'b') === 1);
      const again = await world.start('b', { incarnation: 2 });
      await world.connected(a, again);
      expectThat(a.send('b', frameOf(7, 50)), 'the new life has an empty queue');
      await world.until('the frame is there', () => again.framesFrom('a').length >= 1);
      await world.quiet();
      expectFrames(again.framesFrom('a'), [frameOf(7, 50)]);
    },
  },
];
