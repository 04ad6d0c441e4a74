/** Lets a handshake talk over a socket until it is over or the other end leaves. */
import type { Socket } from 'node:net';
import type { Counterpart, Step } from './handshake.ts';

export interface TalkEvents {
  proven(counterpart: Counterpart, rest: Buffer): void;
  refused(step: Extract<Step, { kind: 'refused' }>): void;
  left(reason: string): void;
}

export interface Talker {
  receive(chunk: Buffer): Step;
}

/** Takes all listeners off the socket again. */
export type Stop = () => void;

const nothing = Buffer.alloc(0);

/** One of the events is told, once, unless it is stopped before. */
export function talk(socket: Socket, talker: Talker, events: TalkEvents): Stop {
  let reason = 'it left during the handshake';
  const received = (chunk: Buffer): void => {
    let step = talker.receive(chunk);
    while (step.kind === 'wait' && step.reply !== undefined) {
      socket.write(step.reply);
      step = talker.receive(nothing);
    }
    if (step.kind === 'wait') return;
    stop();
    if (step.kind === 'proven') events.proven(step.counterpart, step.rest);
    else events.refused(step);
  };
  const failed = (error: Error): void => {
    reason = error.message;
  };
  const left = (): void => {
    stop();
    events.left(reason);
  };
  const stop = (): void => {
    socket.off('data', received);
    socket.off('error', failed);
    socket.off('end', left);
    socket.off('close', left);
  };
  socket.on('data', received);
  socket.on('error', failed);
  socket.once('end', left);
  socket.once('close', left);
  socket.resume();
  return stop;
}
