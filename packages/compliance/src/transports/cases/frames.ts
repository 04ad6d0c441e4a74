/** Frames arrive whole, in order, and never inside of a call; whose bytes they are. */
import { expectSame, expectThat } from '../../expectations.ts';
import { expectFrames, frameOf, isSame } from '../frames.ts';
import { frameBytesMaxDefault } from '../test-member.ts';
import type { TransportCase } from '../transport-case.ts';

/** Around the places where lengths change their encoding, and where reads and buffers end. */
const lengths: readonly number[] = [
  1, 2, 3, 4, 5, 127, 128, 255, 256, 1_000, 4_095, 4_096, 16_383, 16_384, 65_535, 65_536, 65_537, 200_000,
];

export const frameCases: readonly TransportCase[] = [
  {
    title: 'frames of all sizes arrive whole and in order, in both directions at once',
    run: async (world) => {
      const [a, b] = await world.pair();
      const frames = [...lengths, ...lengths.toReversed()].map((length, number) => frameOf(number, length));
      for (const frame of frames) {
        expectThat(a.send('b', frame), 'a frame is accepted', frame.length);
        expectThat(b.send('a', frame), 'a frame is accepted', frame.length);
      }
      await world.until('all are there', () => b.framesFrom('a').length >= frames.length);
      await world.until('all are there', () => a.framesFrom('b').length >= frames.length);
      expectFrames(b.framesFrom('a'), frames);
      expectFrames(a.framesFrom('b'), frames);
    },
  },
  {
    title: 'many small frames of one turn arrive in order at each of two receivers',
    run: async (world) => {
      const [a, b] = await world.pair();
      const c = await world.start('c');
      await world.connected(a, b, c);
      const frames = Array.from({ length: 2_000 }, (_, number) => frameOf(number, 4 + (number % 60)));
      for (const frame of frames) {
        expectThat(a.send('b', frame) && a.send('c', frame), 'a small frame is accepted');
      }
      for (const receiver of [b, c]) {
        await world.until('all are there', () => receiver.framesFrom('a').length >= frames.length);
        expectFrames(receiver.framesFrom('a'), frames);
      }
    },
  },
  {
    title: 'frames arrive in order over many turns, answered from inside the listener',
    run: async (world) => {
      const countMax = 300;
      const frames = Array.from({ length: countMax }, (_, number) => frameOf(number, 10 + number));
      const a = world.member('a', {
        onTold: (told) => {
          const next = frames[a.framesFrom('b').length];
          if (told.kind === 'frame' && next !== undefined) a.send('b', next);
        },
      });
      const b = world.member('b', {
        onTold: (told) => {
          if (told.kind === 'frame') b.send('a', told.bytes);
        },
      });
      await world.starting(a);
      await world.starting(b);
      await world.connected(a, b);
      a.send('b', frameOf(0, 10));
      await world.until('all are answered', () => a.framesFrom('b').length >= countMax);
      expectFrames(a.framesFrom('b'), frames);
    },
  },
  {
    title: 'nothing is told inside start, send or close',
    run: async (world) => {
      const a = await world.start('a');
      const b = await world.start('b');
      await world.connected(a, b);
      for (let number = 0; number < 100; number += 1) {
        a.send('b', frameOf(number, 100));
        b.send('a', frameOf(number, 100));
      }
      await world.until('all are there', () => a.framesFrom('b').length + b.framesFrom('a').length === 200);
      await world.close(b);
      await world.until('a is told', () => a.count('disconnected', 'b') === 1);
      expectSame([...a.violations, ...b.violations], [], 'calls come from the event loop');
    },
  },
  {
    title: 'a frame of frameBytesMax passes, one more byte is refused and harms nothing',
    run: async (world) => {
      for (const frameBytesMax of [100, frameBytesMaxDefault]) {
        const a = await world.start('a', { frameBytesMax });
        const b = await world.start('b', { frameBytesMax });
        await world.connected(a, b);
        const largest = frameOf(1, frameBytesMax);
        expectThat(!a.send('b', frameOf(2, frameBytesMax + 1)), 'a frame above frameBytesMax is refused');
        expectThat(a.send('b', largest), 'a frame of frameBytesMax is accepted');
        expectThat(!a.send('b', frameOf(2, 2 * frameBytesMax)), 'a frame above frameBytesMax is refused');
        expectThat(a.send('b', frameOf(3, 1)), 'a frame after it is accepted');
        await world.until('both are there', () => b.framesFrom('a').length >= 2);
        expectFrames(b.framesFrom('a'), [largest, frameOf(3, 1)]);
        expectSame(a.count('disconnected', 'b'), 0, 'the connection stays');
        await Promise.all([world.close(a), world.close(b)]);
      }
    },
  },
  {
    title: 'the largest frame that a peer sends by default arrives whole',
    run: async (world) => {
      const frameBytesMax = 16 * 1_024 * 1_024;
      const [a, b] = await world.pair({ frameBytesMax }, { frameBytesMax });
      const largest = frameOf(1, frameBytesMax);
      expectThat(a.send('b', largest), 'a frame of 16 MiB is accepted');
      await world.until('it is there', () => b.framesFrom('a').length === 1);
      expectFrames(b.framesFrom('a'), [largest]);
    },
  },
  {
    title: 'the bytes that were sent stay as they are, also when they are a part of a larger buffer',
    run: async (world) => {
      const [a, b] = await world.pair();
      const c = await world.start('c');
      await world.connected(a, b, c);
      const buffer = frameOf(5, 10_000);
      const part = buffer.subarray(1_000, 3_000);
      const expected = part.slice();
      for (const to of ['b', 'c', 'b']) expectThat(a.send(to, part), 'a part of a buffer is accepted');
      await world.until('all are there', () => b.framesFrom('a').length + c.framesFrom('a').length >= 3);
      expectFrames(b.framesFrom('a'), [expected, expected]);
      expectFrames(c.framesFrom('a'), [expected]);
      expectThat(
        isSame(buffer, frameOf(5, 10_000)),
        "the sender's bytes are neither changed nor taken away",
        {
          lengthAfterwards: buffer.length,
        },
      );
    },
  },
  {
    title: 'the bytes that arrived stay as they are, whatever arrives later',
    run: async (world) => {
      const [a, b] = await world.pair();
      const early = Array.from({ length: 50 }, (_, number) => frameOf(number, 1 + 37 * number));
      for (const frame of early) a.send('b', frame);
      await world.until('the first are there', () => b.framesFrom('a').length === early.length);
      for (let number = 0; number < 200; number += 1) a.send('b', frameOf(1_000 + number, 3_000));
      await world.until('all are there', () => b.framesFrom('a').length === early.length + 200);
      expectFrames(b.framesFrom('a').slice(0, early.length), early);
    },
  },
];
