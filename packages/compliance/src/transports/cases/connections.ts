/** How members find each other, and whom they never meet. */
import { expectSame, expectThat } from '../../expectations.ts';
import { capability } from '../case-world.ts';
import { expectFrames, frameOf } from '../frames.ts';
import type { TransportCase } from '../transport-case.ts';

export const connectionCases: readonly TransportCase[] = [
  {
    title: 'two members are told of each other, once, when both run',
    run: async (world) => {
      const a = await world.start('a');
      await world.quiet();
      expectSame(a.told, [], 'a lone member is told nothing');
      const b = await world.start('b');
      await world.connected(a, b);
      await world.quiet();
      expectSame([a.count('connected', 'b'), b.count('connected', 'a')], [1, 1], 'each is told once');
    },
  },
  {
    title: 'all pairs find each other, in whatever order members start',
    run: async (world) => {
      const c = await world.start('c');
      await world.quiet();
      const b = world.member('b');
      const a = world.member('a');
      await Promise.all([world.starting(b), world.starting(a)]);
      await world.connected(a, b, c);
    },
  },
  {
    title: 'members of two ensembles on one network never meet',
    run: async (world) => {
      const a = await world.start('a', { ensemble: 'one' });
      const b = await world.start('b', { ensemble: 'two' });
      const c = await world.start('c', { ensemble: 'one' });
      await world.connected(a, c);
      await world.quiet();
      expectThat(!b.send('a', frameOf(1, 10)), 'a frame to a member of another ensemble is refused');
      expectThat(!a.send('b', frameOf(2, 10)), 'a frame to a member of another ensemble is refused');
      await world.quiet();
      const seen = [b.told.length, a.count('connected', 'b'), c.count('connected', 'b')];
      expectSame(seen, [0, 0, 0], 'nobody hears of a member of another ensemble');
    },
  },
  {
    title: 'a frame to nobody, to oneself, or before the start is refused',
    run: async (world) => {
      const early = world.member('b');
      expectThat(!early.send('a', frameOf(1, 10)), 'a frame before the start is refused');
      const a = await world.start('a');
      expectThat(!a.send('nobody', frameOf(1, 10)), 'a frame to an unknown member is refused');
      expectThat(!a.send('b', frameOf(1, 10)), 'a frame to a member that has not started is refused');
      expectThat(!a.send('a', frameOf(1, 10)), 'a frame to oneself is refused');
    },
  },
  {
    title: 'frames that are sent as soon as a connection is told arrive',
    run: async (world) => {
      const frames = [frameOf(1, 10), frameOf(2, 20_000)];
      const greet = world.member('a', {
        onTold: (told) => {
          if (told.kind === 'connected') for (const frame of frames) greet.send(told.member, frame);
        },
      });
      await world.starting(greet);
      const b = await world.start('b');
      await world.until('both frames are there', () => b.framesFrom('a').length >= frames.length);
      expectFrames(b.framesFrom('a'), frames);
    },
  },
  {
    title: 'a member that starts again, as a new incarnation, is found again by the others',
    run: async (world) => {
      const [a, b] = await world.pair();
      await world.close(b, { abrupt: true });
      const again = await world.start('b', { incarnation: 2 });
      await world.until('a is connected again', () => a.count('connected', 'b') === 2);
      await world.connected(a, again);
      expectSame(a.count('disconnected', 'b'), 1, 'a is told of the end of the first connection');
      expectThat(a.send('b', frameOf(7, 100)), 'a frame to the new incarnation is accepted');
      expectThat(again.send('a', frameOf(8, 100)), 'a frame of the new incarnation is accepted');
      expectThat(!b.send('a', frameOf(9, 100)), 'a frame of the closed transport is refused');
      await world.until(
        'both frames are there',
        () => a.framesFrom('b').length + again.framesFrom('a').length > 1,
      );
      await world.quiet();
      expectFrames(again.framesFrom('a'), [frameOf(7, 100)]);
      expectFrames(a.framesFrom('b'), [frameOf(8, 100)]);
      expectSame(b.framesFrom('a').length, 0, 'the closed transport gets nothing');
    },
  },
  {
    title: 'a connection that breaks is told at both ends and comes back',
    needs: ['break'],
    run: async (world) => {
      const [a, b] = await world.pair();
      capability(world.network.break?.bind(world.network), 'break')('a', 'b');
      await world.until('a is told', () => a.count('disconnected', 'b') === 1);
      await world.until('b is told', () => b.count('disconnected', 'a') === 1);
      await world.connected(a, b);
      expectThat(a.send('b', frameOf(1, 1_000)), 'a frame on the new connection is accepted');
      await world.until('the frame is there', () => b.framesFrom('a').length === 1);
      expectFrames(b.framesFrom('a'), [frameOf(1, 1_000)]);
    },
  },
];
