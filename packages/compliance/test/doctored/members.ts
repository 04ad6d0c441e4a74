/** Transports that carry the frames of members wrongly, one way each. */
import type { Transport, TransportEvents } from '@quorate/core/ports';
import { changed, type Changes, type Doctor } from './doctor.ts';

function each(changes: () => Changes): Doctor['doctor'] {
  return () => (transport) => changed(transport, changes());
}

const nothing = (): void => undefined;

/** Frames go straight into the listener of the receiver. */
function deliverInsideSend(): (transport: Transport) => Transport {
  const listeners = new Map<string, TransportEvents>();
  return (transport) => {
    let from = '';
    return changed(transport, {
      events(events, { member }) {
        from = member;
        listeners.set(member, events);
        return events;
      },
      send(_send, to, bytes) {
        listeners.get(to)?.frame(from, bytes);
        return true;
      },
    });
  };
}

/** After a listener threw, what follows is kept from it. */
function deafAfterThrow(): Changes {
  let isDeaf = false;
  return {
    events: (events) => ({
      ...events,
      frame(from, bytes) {
        if (isDeaf) return;
        isDeaf = true;
        events.frame(from, bytes);
        isDeaf = false;
      },
    }),
  };
}

/** Frames that were sent to a member that died are sent to its next life. */
function sendAgain(): Changes {
  let kept: Uint8Array | undefined;
  let again: (() => void) | undefined;
  return {
    send(send, to, bytes) {
      kept ??= bytes;
      again = () => {
        if (kept !== undefined) send(to, kept);
      };
      return send(to, bytes);
    },
    events: (events) => ({
      ...events,
      connected(member) {
        events.connected(member);
        again?.();
      },
    }),
  };
}

export const memberDoctors: readonly Doctor[] = [
  {
    does: 'tells of each connection twice',
    caughtBy: ['two members are told of each other, once'],
    saying: /each is told once/,
    doctor: each(() => ({
      events: (events) => ({
        ...events,
        connected(member) {
          events.connected(member);
          events.connected(member);
        },
      }),
    })),
  },
  {
    does: 'tells of members with a later name only',
    caughtBy: ['all pairs find each other'],
    saying: /is connected to/,
    doctor: each(() => ({
      events: (events, owner) => ({
        ...events,
        connected: (member) => (member > owner.member ? events.connected(member) : undefined),
      }),
    })),
  },
  {
    does: 'ignores the name of the ensemble',
    caughtBy: ['members of two ensembles'],
    saying: /another ensemble/,
    doctor: each(() => ({ owner: (owner) => ({ ...owner, ensemble: 'all' }) })),
  },
  {
    does: 'accepts every frame',
    caughtBy: ['a frame to nobody, to oneself', 'a closed transport sends nothing'],
    saying: /is refused/,
    doctor: each(() => ({ send: (send, to, bytes) => send(to, bytes) || true })),
  },
  {
    does: 'loses what is sent while a connection is told',
    caughtBy: ['frames that are sent as soon as a connection is told'],
    saying: /both frames are there/,
    doctor: each(() => {
      let isTelling = false;
      return {
        events: (events) => ({
          ...events,
          connected(member) {
            isTelling = true;
            events.connected(member);
            isTelling = false;
          },
        }),
        send: (send, to, bytes) => isTelling || send(to, bytes),
      };
    }),
  },
  {
    does: 'knows each member for one life only',
    caughtBy: ['a member that starts again', 'a connection that breaks'],
    saying: /is connected|connected again/,
    doctor: each(() => {
      const known = new Set<string>();
      return {
        events: (events) => ({
          ...events,
          connected(member) {
            if (!known.has(member)) events.connected(member);
            known.add(member);
          },
        }),
      };
    }),
  },
  {
    does: 'drops what is queued at a graceful close',
    caughtBy: ['a graceful close lets arrive'],
    saying: /as many frames arrive/,
    doctor: each(() => ({ close: (close) => close({ abrupt: true }) })),
  },
  {
    does: 'tells nobody of an end',
    caughtBy: ['an abrupt close is told', 'a member whose process or thread ends'],
    saying: /a is told/,
    doctor: each(() => ({ events: (events) => ({ ...events, disconnected: nothing }) })),
  },
  {
    does: 'cannot be closed twice',
    caughtBy: ['close may be called twice'],
    saying: /closed already/,
    doctor: each(() => {
      let isClosed = false;
      return {
        async close(close, options) {
          if (isClosed) throw new TypeError('closed already');
          isClosed = true;
          await close(options);
        },
      };
    }),
  },
  {
    does: 'closes a turn after it was asked to',
    caughtBy: ['a close in the turn of a send', 'a closed transport sends nothing'],
    saying: /after close|once close was called/,
    doctor: each(() => ({
      close: (close, options) =>
        new Promise((resolve) => {
          setImmediate(() => resolve(close(options)));
        }),
    })),
  },
  {
    does: 'starts although it was closed meanwhile',
    caughtBy: ['a close while the start is still under way'],
    saying: /has started|is connected|on this network already|after close was called/,
    doctor: () => (transport) => {
      // What is closed is a transport that has not started yet; the one that starts is never told.
      let isStarted = false;
      return changed(transport, {
        async start(start) {
          await new Promise((resolve) => {
            setImmediate(resolve);
          });
          isStarted = true;
          await start();
        },
        close: async (close, options) => (isStarted ? await close(options) : undefined),
      });
    },
  },
  {
    does: 'cuts frames to 65,535 bytes',
    caughtBy: ['frames of all sizes'],
    saying: /whole and in its place/,
    doctor: each(() => ({ send: (send, to, bytes) => send(to, bytes.subarray(0, 65_535)) })),
  },
  {
    does: 'sends the first two frames in the wrong order',
    caughtBy: ['many small frames of one turn'],
    saying: /whole and in its place/,
    doctor: each(() => {
      let held: Uint8Array | undefined;
      return {
        send(send, to, bytes) {
          if (held !== undefined) return send(to, bytes);
          held = bytes;
          setImmediate(() => send(to, bytes));
          return true;
        },
      };
    }),
  },
  {
    does: 'loses what is sent from inside a listener',
    caughtBy: ['frames arrive in order over many turns'],
    saying: /all are answered/,
    doctor: each(() => {
      let isListening = false;
      return {
        events: (events) => ({
          ...events,
          frame(from, bytes) {
            isListening = true;
            events.frame(from, bytes);
            isListening = false;
          },
        }),
        send: (send, to, bytes) => isListening || send(to, bytes),
      };
    }),
  },
  {
    does: 'delivers inside send',
    caughtBy: ['nothing is told inside start', 'a listener that sends is answered'],
    saying: /inside a call|Maximum call stack/,
    doctor: deliverInsideSend,
  },
  {
    does: 'allows frames twice as large',
    caughtBy: ['a frame of frameBytesMax passes, one more'],
    saying: /above frameBytesMax is refused/,
    doctor: each(() => ({ owner: (owner) => ({ ...owner, frameBytesMax: 2 * owner.frameBytesMax }) })),
  },
  {
    does: 'refuses frames above 512 KiB',
    caughtBy: ['the largest frame that a peer sends', 'a value of the largest size'],
    saying: /16 MiB is accepted|peer . has it|it is written|UNAVAILABLE|OPERATION_TIMEOUT/,
    doctor: each(() => ({ send: (send, to, bytes) => bytes.length <= 524_288 && send(to, bytes) })),
    patienceMs: 2_000,
  },
  {
    does: 'takes away the bytes that it was given',
    caughtBy: ['the bytes that were sent stay as they are'],
    saying: /part of a buffer|neither changed nor taken away|whole and in its place/,
    doctor: each(() => ({
      send(send, to, bytes) {
        const buffer = bytes.buffer as ArrayBuffer;
        return send(to, new Uint8Array(structuredClone(buffer, { transfer: [buffer] })));
      },
    })),
  },
  {
    does: 'receives everything into one buffer',
    caughtBy: ['the bytes that arrived stay as they are'],
    saying: /whole and in its place/,
    doctor: each(() => {
      const buffer = new Uint8Array(200_000);
      return {
        events: (events) => ({
          ...events,
          frame(from, bytes) {
            if (bytes.length > buffer.length) return events.frame(from, bytes);
            buffer.set(bytes);
            events.frame(from, buffer.subarray(0, bytes.length));
          },
        }),
      };
    }),
  },
  {
    does: 'keeps frames for the next life of a member',
    caughtBy: ['what waits for a member that dies'],
    saying: /as many frames arrive|whole and in its place/,
    doctor: each(sendAgain),
  },
  {
    does: 'stops delivering when a listener throws',
    caughtBy: ['a listener that throws misses nothing'],
    saying: /has all/,
    doctor: each(deafAfterThrow),
  },
  {
    does: 'keeps the process alive while it is open',
    caughtBy: ['connected members that have nothing to do'],
    saying: /idle members keep no process alive/,
    doctor: each(() => {
      let timer: NodeJS.Timeout | undefined;
      return {
        start(start) {
          timer = setInterval(nothing, 1_000);
          return start();
        },
        async close(close, options) {
          clearInterval(timer);
          await close(options);
        },
      };
    }),
  },
  {
    does: 'leaves a timer behind when it is closed',
    caughtBy: ['closed members leave nothing behind'],
    saying: /closed members keep no process alive/,
    doctor: each(() => ({
      async close(close, options) {
        setTimeout(nothing, 3_000);
        await close(options);
      },
    })),
  },
  {
    does: 'loses frames above 2,000 bytes',
    caughtBy: ['three peers elect a leader'],
    saying: /waited in vain|UNAVAILABLE|OPERATION_TIMEOUT/,
    doctor: each(() => ({ send: (send, to, bytes) => bytes.length > 2_000 || send(to, bytes) })),
    patienceMs: 2_000,
  },
];
