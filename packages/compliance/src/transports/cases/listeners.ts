/** The host's own code runs in the listeners: what it does wrong must cost nobody else anything. */
import { expectThat } from '../../expectations.ts';
import { expectFrames, frameOf } from '../frames.ts';
import type { TransportCase } from '../transport-case.ts';

class ListenerFailure extends Error {}

function fail(): never {
  throw new ListenerFailure('a listener of this case throws on purpose');
}

export const listenerCases: readonly TransportCase[] = [
  {
    title: 'a listener that throws misses nothing and costs the others nothing',
    run: async (world) => {
      const [a, b] = await world.pair({ onTold: fail });
      const c = await world.start('c', { onTold: fail });
      await world.connected(a, b, c);
      const frames = Array.from({ length: 10 }, (_, number) => frameOf(number, 100));
      for (const frame of frames) {
        expectThat(b.send('a', frame) && b.send('c', frame), 'a frame is accepted');
        expectThat(a.send('b', frame), 'a frame is accepted');
      }
      for (const [to, from] of [
        [a, 'b'],
        [c, 'b'],
        [b, 'a'],
      ] as const) {
        await world.until(`${to.id} has all`, () => to.framesFrom(from).length >= frames.length);
        expectFrames(to.framesFrom(from), frames);
      }
      await world.close(b);
      await world.until('a is told', () => a.count('disconnected', 'b') === 1);
      await world.until('c is told', () => c.count('disconnected', 'b') === 1);
    },
  },
  {
    title: 'a listener that sends is answered in a later turn, not inside of its send',
    run: async (world) => {
      const echo = world.member('a', {
        onTold: (told) => {
          if (told.kind === 'frame') for (let copy = 0; copy < 3; copy += 1) echo.send(told.from, told.bytes);
        },
      });
      await world.starting(echo);
      const b = await world.start('b');
      await world.connected(echo, b);
      b.send('a', frameOf(1, 500));
      await world.until('the answers are there', () => b.framesFrom('a').length >= 3);
      expectFrames(b.framesFrom('a'), [frameOf(1, 500), frameOf(1, 500), frameOf(1, 500)]);
    },
  },
];
