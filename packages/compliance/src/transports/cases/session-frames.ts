/** Sessions without a replica: their frames, apart from those of members, and bounded like them. */
import { expectSame, expectThat } from '../../expectations.ts';
import { expectFrames, frameOf, isSame } from '../frames.ts';
import { frameBytesMaxDefault } from '../test-member.ts';
import type { TransportCase } from '../transport-case.ts';
import { expectNothingHeld, heldBefore } from './host.ts';

const lengths: readonly number[] = [1, 4, 100, 4_096, 65_535, 65_536, 65_537, 300_000];

class ListenerFailure extends Error {}

export const sessionFrameCases: readonly TransportCase[] = [
  {
    title: 'frames of sessions arrive whole and in order, both ways, apart from those of members',
    needs: ['sessions'],
    run: async (world) => {
      const [a, b] = await world.pair();
      const sessions = [await world.dialer(), await world.dialer()];
      const ofMembers = lengths.map((length, number) => frameOf(1_000 + number, length));
      const ofSessions = sessions.map((_, at) =>
        lengths.map((length, number) => frameOf(at * 100 + number, length)),
      );
      const connections: number[] = [];
      for (const session of sessions) connections.push(await world.dialled(session, a));
      for (const frame of ofMembers) expectThat(b.send('a', frame), 'a frame of a member is accepted');
      for (const [at, session] of sessions.entries()) {
        for (const frame of ofSessions[at] ?? []) {
          expectThat(session.send(frame), 'a frame of a session is accepted');
          expectThat(a.sendToSession(connections[at] ?? -1, frame), 'a frame to a session is accepted');
        }
      }
      await world.until('the members have theirs', () => a.framesFrom('b').length >= lengths.length);
      expectFrames(a.framesFrom('b'), ofMembers);
      for (const [at, session] of sessions.entries()) {
        const connection = connections[at] ?? -1;
        await world.until('the peer has all', () => a.framesOn(connection).length >= lengths.length);
        await world.until('the session has all', () => session.frames().length >= lengths.length);
        expectFrames(a.framesOn(connection), ofSessions[at] ?? []);
        expectFrames(session.frames(), ofSessions[at] ?? []);
      }
    },
  },
  {
    title: 'no frame of a session ever looks like one of a member',
    needs: ['sessions'],
    run: async (world) => {
      const [a, b] = await world.pair();
      const session = await world.dialer();
      const connection = await world.dialled(session, a);
      // Byte for byte what a member has just sent: only the way on which a frame came tells them apart.
      const frame = frameOf(1, 500);
      b.send('a', frame);
      session.send(frame);
      await world.until(
        'both are there',
        () => a.framesFrom('b').length + a.framesOn(connection).length >= 2,
      );
      await world.quiet();
      expectFrames(a.framesFrom('b'), [frame]);
      expectFrames(a.framesOn(connection), [frame]);
      expectSame(a.told.length, 2, 'members are told of members only');
      expectSame(b.served, [], 'other peers hear nothing of it');
      expectThat(!a.send('session', frame), 'a session is no member to send to');
    },
  },
  {
    title: 'a frame above frameBytesMax is refused to and from a session',
    needs: ['sessions'],
    run: async (world) => {
      const a = await world.start('a');
      const session = await world.dialer();
      const connection = await world.dialled(session, a);
      const [largest, tooLarge] = [frameOf(1, frameBytesMaxDefault), frameOf(2, frameBytesMaxDefault + 1)];
      expectThat(!session.send(tooLarge), 'a frame of a session above frameBytesMax is refused');
      expectThat(
        !a.sendToSession(connection, tooLarge),
        'a frame to a session above frameBytesMax is refused',
      );
      expectThat(session.send(largest), 'a frame of frameBytesMax is accepted');
      expectThat(a.sendToSession(connection, largest), 'a frame of frameBytesMax is accepted');
      await world.until(
        'both are there',
        () => session.frames().length + a.framesOn(connection).length === 2,
      );
      expectFrames(session.frames(), [largest]);
      expectFrames(a.framesOn(connection), [largest]);
    },
  },
  {
    title:
      'a session that sends too much is refused in bounds, told once when there is room, and loses nothing',
    needs: ['sessions'],
    run: async (world) => {
      const a = await world.start('a');
      const session = await world.dialer();
      const connection = await world.dialled(session, a);
      const frame = frameOf(1, 65_536);
      let count = 0;
      while (session.send(frame)) {
        count += 1;
        expectThat(count * frame.length <= world.waitingBytesMax, 'what waits is bounded', count);
      }
      session.send(frame);
      await world.until('the session is told of room', () => session.count('drained') >= 1);
      expectThat(session.send(frameOf(2, 10)), 'a frame is accepted after that');
      await world.until('all are there', () => a.framesOn(connection).length >= count + 1);
      await world.quiet();
      const seen = a.framesOn(connection);
      expectSame(
        [seen.length, session.count('drained')],
        [count + 1, 1],
        'accepted frames arrive, drained is told once',
      );
      expectThat(
        seen.slice(0, -1).every((bytes) => isSame(bytes, frame)),
        'every accepted frame arrives whole',
      );
    },
  },
  {
    title: 'a peer that sends too much to a session is refused in bounds, and told once when there is room',
    needs: ['sessions', 'burst'],
    run: async (world) => {
      const a = await world.start('a');
      const session = await world.dialer();
      const connection = await world.dialled(session, a);
      const drained = (): number => a.served.filter(({ kind }) => kind === 'drained').length;
      const frame = frameOf(1, 65_536);
      let count = 0;
      while (a.sendToSession(connection, frame)) {
        count += 1;
        expectThat(count * frame.length <= world.waitingBytesMax, 'what waits is bounded', count);
      }
      a.sendToSession(connection, frame);
      await world.until('the peer is told of room', () => drained() >= 1);
      expectThat(a.sendToSession(connection, frameOf(2, 10)), 'a frame is accepted after that');
      await world.until('all are there', () => session.frames().length >= count + 1);
      await world.quiet();
      expectSame(
        [session.frames().length, drained()],
        [count + 1, 1],
        'accepted frames arrive, drained is told once',
      );
    },
  },
  {
    title: 'listeners of sessions that throw miss nothing and cost nobody anything',
    needs: ['sessions'],
    run: async (world) => {
      const fail = (): never => {
        throw new ListenerFailure('a listener of this case throws on purpose');
      };
      const a = await world.start('a', { onServed: fail });
      const [session, other] = [await world.dialer({ onTold: fail }), await world.dialer()];
      const connections = [await world.dialled(session, a), await world.dialled(other, a)];
      const frames = Array.from({ length: 5 }, (_, number) => frameOf(number, 100));
      for (const frame of frames) {
        for (const connection of connections) a.sendToSession(connection, frame);
        session.send(frame);
        other.send(frame);
      }
      for (const [at, one] of [session, other].entries()) {
        const connection = connections[at] ?? -1;
        await world.until(
          'all are there',
          () => one.frames().length >= 5 && a.framesOn(connection).length >= 5,
        );
        expectFrames(one.frames(), frames);
        expectFrames(a.framesOn(connection), frames);
      }
    },
  },
  {
    title: 'a number that was never given leads nowhere',
    needs: ['sessions'],
    run: async (world) => {
      const a = await world.start('a');
      for (const connection of [0, 1, -1, 12_345]) {
        expectThat(!a.sendToSession(connection, frameOf(1, 10)), 'a frame to nobody is refused');
        a.hangUpSession(connection);
      }
      await world.quiet();
      expectSame(a.served, [], 'nothing is told');
    },
  },
  {
    title: 'an idle session keeps no process alive, nor does one that has closed',
    needs: ['sessions'],
    run: async (world) => {
      const before = await heldBefore();
      const a = await world.start('a');
      const sessions = await Promise.all([world.dialer(), world.dialer(), world.dialer()]);
      for (const session of sessions) await world.dialled(session, a);
      await expectNothingHeld(world, before, 'an idle session keeps no process alive');
      for (const session of sessions) session.keepAlive(true);
      for (const session of sessions) session.keepAlive(false);
      await expectNothingHeld(
        world,
        before,
        'a session that waits for nothing any more keeps no process alive',
      );
      for (const session of sessions) session.keepAlive(true);
      await Promise.all(sessions.map((session) => session.close()));
      await expectNothingHeld(world, before, 'a closed session keeps no process alive');
    },
  },
];
