/** Sessions without a replica: how their connections begin and end. */
import { expectSame, expectThat } from '../../expectations.ts';
import { capability } from '../case-world.ts';
import { expectFrames, frameOf } from '../frames.ts';
import type { TransportCase } from '../transport-case.ts';

export const sessionConnectionCases: readonly TransportCase[] = [
  {
    title: 'a session dials a peer: both ends are told, once, before any frame',
    needs: ['sessions'],
    run: async (world) => {
      const a = await world.start('a', {
        onServed: ({ kind, connection }) => {
          if (kind === 'opened') a.sendToSession(connection, frameOf(1, 100));
        },
      });
      const session = await world.dialer();
      const connection = await world.dialled(session, a);
      await world.until('the greeting is there', () => session.frames().length === 1);
      await world.quiet();
      expectFrames(session.frames(), [frameOf(1, 100)]);
      expectSame([session.count('connected'), a.connectionsOpened()], [1, [connection]], 'each is told once');
      expectSame(a.told, [], 'a session is no member');
    },
  },
  {
    title: 'a session that dials in vain is told so: nobody there, dead, not serving, another ensemble',
    needs: ['sessions'],
    run: async (world) => {
      const a = await world.start('a');
      await world.start('b', { serves: false });
      await world.start('c', { ensemble: 'another' });
      await world.close(a, { abrupt: true });
      const session = await world.dialer();
      for (const [at, peer] of ['nobody', 'a', 'b', 'c'].entries()) {
        session.dial(peer);
        await world.until(
          `the answer about ${peer} is there`,
          () => session.count('disconnected') === at + 1,
        );
        expectThat(!session.send(frameOf(1, 10)), 'a frame without a connection is refused');
      }
      await world.quiet();
      const peers = session.told.map((told) => (told.kind === 'disconnected' ? told.peer : told.kind));
      expectSame(peers, ['nobody', 'a', 'b', 'c'], 'each attempt is answered once');
    },
  },
  {
    title: 'a session that hangs up is told nothing more; its peer gets what was sent, then is told',
    needs: ['sessions'],
    run: async (world) => {
      const a = await world.start('a');
      const session = await world.dialer();
      const connection = await world.dialled(session, a);
      const frames = Array.from({ length: 10 }, (_, number) => frameOf(number, 3_000));
      for (const frame of frames) expectThat(session.send(frame), 'a frame is accepted');
      session.hangUp();
      session.hangUp();
      const toldBefore = session.told.length;
      expectThat(!session.send(frameOf(1, 10)), 'a frame after hanging up is refused');
      await world.until('the peer is told', () => a.hasClosed(connection));
      expectFrames(a.framesOn(connection), frames);
      expectThat(!a.sendToSession(connection, frameOf(1, 10)), 'a frame to a closed connection is refused');
      await world.quiet();
      expectSame(session.told.length, toldBefore, 'nothing is told after hanging up');
    },
  },
  {
    title: 'a peer that hangs up is told nothing more; the session gets what was sent, then is told',
    needs: ['sessions'],
    run: async (world) => {
      const a = await world.start('a');
      const session = await world.dialer();
      const connection = await world.dialled(session, a);
      const frames = Array.from({ length: 10 }, (_, number) => frameOf(number, 3_000));
      for (const frame of frames) expectThat(a.sendToSession(connection, frame), 'a frame is accepted');
      a.hangUpSession(connection);
      a.hangUpSession(connection);
      expectThat(!a.sendToSession(connection, frameOf(1, 10)), 'a frame after hanging up is refused');
      await world.until('the session is told', () => session.count('disconnected') === 1);
      expectFrames(session.frames(), frames);
      expectThat(!session.send(frameOf(1, 10)), 'a frame to a peer that hung up is refused');
      await world.quiet();
      expectThat(!a.hasClosed(connection), 'who hangs up is not told of it');
    },
  },
  {
    title: 'a session that dials again leaves its old connection; numbers are never used twice',
    needs: ['sessions'],
    run: async (world) => {
      const a = await world.start('a');
      const b = await world.start('b');
      const session = await world.dialer();
      const first = await world.dialled(session, a);
      await world.dialled(session, b);
      await world.until('the first peer is told', () => a.hasClosed(first));
      const second = await world.dialled(session, a);
      const other = await world.dialer();
      const third = await world.dialled(other, a);
      expectSame(new Set([first, second, third]).size, 3, 'each connection has a number of its own');
      expectThat(!a.sendToSession(first, frameOf(1, 10)), 'an old number leads nowhere');
      a.hangUpSession(first);
      expectThat(a.sendToSession(second, frameOf(2, 10)), 'a frame is accepted');
      expectThat(a.sendToSession(third, frameOf(3, 10)), 'a frame is accepted');
      await world.until('both are there', () => session.frames().length + other.frames().length >= 2);
      expectFrames(session.frames(), [frameOf(2, 10)]);
      expectFrames(other.frames(), [frameOf(3, 10)]);
    },
  },
  {
    title: 'of two attempts in one turn only the later one is answered',
    needs: ['sessions'],
    run: async (world) => {
      const a = await world.start('a');
      const b = await world.start('b');
      const session = await world.dialer();
      session.dial('a');
      session.dial('b');
      await world.until('the session is connected', () => session.isConnected);
      await world.quiet();
      expectSame(session.told, [{ kind: 'connected', peer: 'b' }], 'one attempt is answered');
      for (const connection of a.connectionsOpened()) {
        await world.until('the first attempt is over', () => a.hasClosed(connection));
      }
      expectSame(b.connectionsOpened().length, 1, 'the later attempt is there once');
    },
  },
  {
    title: 'an attempt that is given up in the same turn, or while it is under way, is told nothing',
    needs: ['sessions'],
    run: async (world) => {
      const a = await world.start('a');
      const session = await world.dialer();
      session.dial('a');
      session.hangUp();
      session.dial('nobody');
      session.hangUp();
      await world.quiet();
      expectSame(session.told, [], 'nothing is told');
      for (const connection of a.connectionsOpened()) {
        await world.until('the attempt is over', () => a.hasClosed(connection));
      }
      await world.dialled(session, a);
    },
  },
  {
    title: 'a session is told when its peer closes, abruptly or not, and may dial another',
    needs: ['sessions'],
    run: async (world) => {
      const session = await world.dialer();
      const c = await world.start('c');
      for (const [at, abrupt] of [false, true].entries()) {
        const a = await world.start('a', { incarnation: at + 1 });
        const connection = await world.dialled(session, a);
        a.sendToSession(connection, frameOf(at, 100));
        await world.close(a, { abrupt });
        await world.until('the session is told', () => session.count('disconnected') === at + 1);
        expectThat(abrupt || session.frames().length === 1, 'a graceful close lets arrive what was sent');
      }
      await world.dialled(session, c);
    },
  },
  {
    title: 'a session is told when the process or thread of its peer ends without a close',
    needs: ['sessions', 'crash'],
    run: async (world) => {
      const a = await world.start('a');
      const session = await world.dialer();
      await world.dialled(session, a);
      await capability(world.network.crash?.bind(world.network), 'crash')('a');
      await world.until('the session is told', () => session.count('disconnected') === 1);
    },
  },
  {
    title: 'a session that closes, twice too, is told nothing more, and its peer is told',
    needs: ['sessions'],
    run: async (world) => {
      const a = await world.start('a');
      const session = await world.dialer();
      const connection = await world.dialled(session, a);
      await world.within('the session has closed', session.close());
      await world.within('the session has closed', session.close());
      await world.until('the peer is told', () => a.hasClosed(connection));
      expectThat(!session.send(frameOf(1, 10)), 'a frame after close is refused');
      session.dial('a');
      await world.quiet();
      expectSame(session.count('connected'), 1, 'who has closed dials nobody');
    },
  },
];
