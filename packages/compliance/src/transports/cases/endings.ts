/** How members end: gracefully, abruptly, in the middle of something, and twice. */
import { expectSame, expectThat } from '../../expectations.ts';
import { expectFrames, frameOf } from '../frames.ts';
import { capability } from '../case-world.ts';
import type { TransportCase } from '../transport-case.ts';

export const endingCases: readonly TransportCase[] = [
  {
    title: 'a graceful close lets arrive what was sent before, and the other is told after it',
    run: async (world) => {
      const [a, b] = await world.pair();
      const frames = Array.from({ length: 20 }, (_, number) => frameOf(number, 5_000));
      for (const frame of frames) expectThat(b.send('a', frame), 'a frame is accepted');
      await world.close(b);
      await world.until('a is told', () => a.count('disconnected', 'b') === 1);
      expectFrames(a.framesFrom('b'), frames);
      expectThat(!a.send('b', frameOf(1, 10)), 'a frame to a closed member is refused');
    },
  },
  {
    title: 'an abrupt close is told to the others at once, and what arrives of its frames is a beginning',
    run: async (world) => {
      const [a, b] = await world.pair();
      const c = await world.start('c');
      await world.connected(a, b, c);
      const frames = Array.from({ length: 20 }, (_, number) => frameOf(number, 5_000));
      for (const frame of frames) b.send('a', frame);
      await world.close(b, { abrupt: true });
      await world.until('a is told', () => a.count('disconnected', 'b') === 1);
      await world.until('c is told', () => c.count('disconnected', 'b') === 1);
      await world.quiet();
      const seen = a.framesFrom('b');
      expectFrames(seen, frames.slice(0, seen.length));
      expectSame(a.count('disconnected', 'c'), 0, 'the others stay connected');
    },
  },
  {
    title: 'a member whose process or thread ends without a close is told to the others as gone',
    needs: ['crash'],
    run: async (world) => {
      const [a, b] = await world.pair();
      const c = await world.start('c');
      await world.connected(a, b, c);
      await capability(world.network.crash?.bind(world.network), 'crash')('b');
      await world.until('a is told', () => a.count('disconnected', 'b') === 1);
      await world.until('c is told', () => c.count('disconnected', 'b') === 1);
      expectThat(!a.send('b', frameOf(1, 10)), 'a frame to a dead member is refused');
      expectThat(a.send('c', frameOf(2, 10)), 'the others go on');
    },
  },
  {
    title: 'close may be called twice, in both ways, and before the start',
    run: async (world) => {
      const never = world.member('c');
      await world.close(never);
      await world.close(never, { abrupt: true });
      const [a, b] = await world.pair();
      await Promise.all([world.close(b), world.close(b)]);
      await world.close(b, { abrupt: true });
      await world.close(b);
      await world.until('a is told', () => a.count('disconnected', 'b') === 1);
      await world.quiet();
      expectSame(a.count('disconnected', 'b'), 1, 'the end is told once');
    },
  },
  {
    title: 'a closed transport sends nothing and is told nothing',
    run: async (world) => {
      const [a, b] = await world.pair();
      a.send('b', frameOf(1, 10));
      const toldBefore = b.told.length;
      const closed = world.close(b);
      expectThat(!b.send('a', frameOf(2, 10)), 'a frame is refused once close was called');
      await closed;
      a.send('b', frameOf(3, 10));
      await world.quiet();
      expectSame(b.told.length, toldBefore, 'nothing is told after close was called');
    },
  },
  {
    title: 'a close in the turn of a send, and inside a listener, ends in order',
    run: async (world) => {
      const acceptedAfterClose: boolean[] = [];
      const a = world.member('a', {
        onTold: (told) => {
          if (told.kind !== 'frame') return;
          a.send('b', frameOf(100, 1_000));
          void a.close();
          acceptedAfterClose.push(a.send('b', frameOf(101, 1_000)));
        },
      });
      await world.starting(a);
      const b = await world.start('b');
      await world.connected(a, b);
      for (let number = 0; number < 50; number += 1) b.send('a', frameOf(number, 1_000));
      await world.until('b is told', () => b.count('disconnected', 'a') === 1);
      expectSame(acceptedAfterClose, [false], 'nothing is told and nothing accepted after close');
      const seen = b.framesFrom('a');
      expectFrames(seen, [frameOf(100, 1_000)].slice(0, seen.length));
    },
  },
  {
    title: 'a close while the start is still under way ends it, and nobody stays behind',
    run: async (world) => {
      const a = await world.start('a');
      const b = world.member('b');
      const starting = world.starting(b).catch(() => undefined);
      await world.close(b, { abrupt: true });
      await starting;
      await world.quiet();
      expectSame(b.told, [], 'nothing is told after close was called');
      const again = await world.start('b', { incarnation: 2 });
      await world.connected(a, again);
    },
  },
];
