/** Transports that carry sessions wrongly, one way each. */
import type { ServedSessionEvents, TransportEvents } from '@quorate/core/ports';
import { changed, type Changes, type Doctor } from './doctor.ts';

function each(changes: () => Changes): Doctor['doctor'] {
  return () => (transport) => changed(transport, changes());
}

const nothing = (): void => undefined;

/** What a peer hears of its sessions, with changes. */
function serving(
  change: (sessions: ServedSessionEvents, events: TransportEvents) => Partial<ServedSessionEvents>,
): Changes {
  return {
    events: (events) =>
      events.sessions === undefined
        ? events
        : { ...events, sessions: { ...events.sessions, ...change(events.sessions, events) } },
  };
}

export const sessionDoctors: readonly Doctor[] = [
  {
    does: 'tells a session of its connection after the first frames',
    caughtBy: ['a session dials a peer'],
    saying: /of frame while dialling/,
    doctor: each(() => ({
      dialerEvents: (events) => ({
        ...events,
        connected: (peer) => void setTimeout(() => events.connected(peer), 20),
      }),
    })),
  },
  {
    does: 'tells of a connection inside dial',
    caughtBy: ['a session dials a peer'],
    saying: /inside a call|each is told once/,
    doctor: each(() => ({
      dialer: (dialer, events) => ({
        dial(peer) {
          events.connected(peer);
          dialer.dial(peer);
        },
      }),
    })),
  },
  {
    does: 'tells a session nothing of an end',
    caughtBy: [
      'a session that dials in vain',
      'a session is told when its peer closes',
      'a session is told when the process or thread',
    ],
    saying: /the answer about|the session is told/,
    doctor: each(() => ({ dialerEvents: (events) => ({ ...events, disconnected: nothing }) })),
  },
  {
    does: 'keeps the connection when a session hangs up',
    caughtBy: ['a session that hangs up'],
    saying: /after hanging up is refused|the peer is told/,
    doctor: each(() => ({ dialer: () => ({ hangUp: nothing }) })),
  },
  {
    does: 'keeps the connection when a peer hangs up',
    caughtBy: ['a peer that hangs up'],
    saying: /after hanging up is refused|the session is told/,
    doctor: each(() => ({ hangUpSession: nothing })),
  },
  {
    does: 'gives every connection the same number',
    caughtBy: ['a session that dials again'],
    saying: /number of its own|session connection|the first peer is told/,
    doctor: each(() =>
      serving((sessions) => ({
        opened: () => sessions.opened(1),
        frame: (_connection, bytes) => sessions.frame(1, bytes),
        closed: () => sessions.closed(1),
      })),
    ),
  },
  {
    does: 'answers every attempt, also one that was replaced',
    caughtBy: ['of two attempts in one turn'],
    saying: /one attempt is answered|the session is connected/,
    doctor: each(() => {
      let last: string | undefined;
      return {
        dialer: (dialer, events) => ({
          dial(peer) {
            const replaced = last;
            last = peer;
            dialer.dial(peer);
            if (replaced !== undefined) setImmediate(() => events.disconnected(replaced, 'replaced'));
          },
        }),
      };
    }),
  },
  {
    does: 'dials although the session has hung up meanwhile',
    caughtBy: ['an attempt that is given up'],
    saying: /nothing is told/,
    doctor: each(() => ({
      dialer: (dialer) => ({ dial: (peer) => void setTimeout(() => dialer.dial(peer), 5) }),
    })),
  },
  {
    does: 'cannot close a session twice',
    caughtBy: ['a session that closes, twice too'],
    saying: /closed already/,
    doctor: each(() => {
      let isClosed = false;
      return {
        dialer: (dialer) => ({
          async close() {
            if (isClosed) throw new TypeError('closed already');
            isClosed = true;
            await dialer.close();
          },
        }),
      };
    }),
  },
  {
    does: "cuts sessions' frames to 65,535 bytes",
    caughtBy: ['frames of sessions arrive whole'],
    saying: /whole and in its place/,
    doctor: each(() => ({
      dialer: (dialer) => ({ send: (bytes) => dialer.send(bytes.subarray(0, 65_535)) }),
    })),
  },
  {
    does: "hands sessions' frames out as members' frames",
    caughtBy: ['no frame of a session ever looks like'],
    saying: /frames arrive|members are told/,
    doctor: each(() =>
      serving((_sessions, events) => ({ frame: (_connection, bytes) => events.frame('b', bytes) })),
    ),
  },
  {
    does: 'lets members and sessions be the same to a sender',
    caughtBy: ['no frame of a session ever looks like'],
    saying: /a session is no member/,
    doctor: each(() => ({ send: (send, to, bytes) => send(to, bytes) || to === 'session' })),
  },
  {
    does: 'allows a peer frames twice as large',
    caughtBy: ['a frame above frameBytesMax is refused to and from'],
    saying: /above frameBytesMax is refused/,
    doctor: each(() => ({ owner: (owner) => ({ ...owner, frameBytesMax: 2 * owner.frameBytesMax }) })),
  },
  {
    does: 'never tells a session of room',
    caughtBy: ['a session that sends too much'],
    saying: /told of room/,
    doctor: each(() => ({ dialerEvents: (events) => ({ ...events, drained: nothing }) })),
  },
  {
    does: 'never tells a peer of room',
    caughtBy: ['a peer that sends too much'],
    saying: /told of room/,
    doctor: each(() => serving(() => ({ drained: nothing }))),
  },
  {
    does: "stops delivering sessions' frames when a listener throws",
    caughtBy: ['listeners of sessions that throw'],
    saying: /all are there/,
    doctor: each(() => {
      let isDeaf = false;
      return serving((sessions) => ({
        frame(connection, bytes) {
          if (isDeaf) return;
          isDeaf = true;
          sessions.frame(connection, bytes);
          isDeaf = false;
        },
      }));
    }),
  },
  {
    does: 'accepts frames for connections that never were',
    caughtBy: ['a number that was never given'],
    saying: /to nobody is refused/,
    doctor: each(() => ({ sendToSession: (send, connection, bytes) => send(connection, bytes) || true })),
  },
  {
    does: 'keeps the process alive for an idle session',
    caughtBy: ['an idle session keeps no process alive'],
    saying: /keeps no process alive/,
    doctor: each(() => {
      let timer: NodeJS.Timeout | undefined;
      return {
        dialer: (dialer) => ({
          keepAlive(alive) {
            if (alive) timer ??= setInterval(nothing, 1_000);
            dialer.keepAlive(alive);
          },
          async close() {
            clearInterval(timer);
            await dialer.close();
          },
        }),
      };
    }),
  },
  {
    does: 'loses every frame to a session but the first three, and keeps the connection',
    caughtBy: ['a session without a replica writes and watches'],
    saying: /waited in vain/,
    doctor: each(() => {
      let count = 0;
      return {
        sendToSession(send, connection, bytes) {
          count += 1;
          return count > 3 || send(connection, bytes);
        },
      };
    }),
    patienceMs: 3_000,
  },
];
