/**
 * What endpoints and the hub tell each other. The hub only introduces: it makes a channel for two endpoints and
 * gives an end to each, and no frame ever passes through it.
 */
import type { MessagePort } from 'node:worker_threads';

/** From an endpoint to the hub. An endpoint that leaves closes its port. */
export type Request =
  | {
      readonly kind: 'start';
      readonly ensemble: string;
      readonly member: string;
      readonly servesSessions: boolean;
    }
  | { readonly kind: 'dial'; readonly ensemble: string; readonly peer: string; readonly attempt: number };

/** From the hub to an endpoint. */
export type Notice =
  | { readonly kind: 'started' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** Another member of the ensemble, and the way to it. */
  | { readonly kind: 'meet'; readonly member: string; readonly port: MessagePort }
  /** A session asks to be served. */
  | { readonly kind: 'serve'; readonly port: MessagePort }
  | { readonly kind: 'dialled'; readonly attempt: number; readonly port: MessagePort }
  | { readonly kind: 'unreachable'; readonly attempt: number; readonly reason: string };

/** Under this name a worker finds in its `workerData` what the hub gave it. */
export const introductionKey = 'quorate';

/** What a spawned worker is given. */
export interface Introduction {
  readonly id: string;
  readonly members: Readonly<Record<string, string>>;
  /** Takes one end of a channel for each endpoint that this thread starts. */
  readonly port: MessagePort;
}
