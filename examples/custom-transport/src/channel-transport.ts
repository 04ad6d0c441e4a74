/**
 * A transport of one's own: each pair of members of this process shares a MessageChannel. Three kinds of messages:
 * "hello" opens a connection, bytes are a frame, and a number gives room back, for a MessagePort has no bound.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Transport, TransportEvents, TransportOwner } from '@quorate/core/ports';

export const waitingBytesMax: number = 32 * 1_024 * 1_024;
const frameCost = 4_096; // beside its bytes, so that the bound above is one of frames too

interface Link {
  readonly port: MessagePort;
  waitingBytes: number;
}

/** All started members, by ensemble and id. */
export type ChannelNetwork = Map<string, Map<string, ChannelTransport>>;

export class ChannelTransport implements Transport {
  readonly #network: ChannelNetwork;
  readonly #ports = new Set<MessagePort>();
  readonly #links = new Map<string, Link>();
  #running: { readonly owner: TransportOwner; readonly events: TransportEvents } | undefined;

  constructor(network: ChannelNetwork) {
    this.#network = network;
  }

  async start(owner: TransportOwner, events: TransportEvents): Promise<void> {
    const members = this.#network.get(owner.ensemble) ?? new Map<string, ChannelTransport>();
    if (members.has(owner.member)) throw new TypeError(`member ${owner.member} is there already`);
    this.#running = { owner, events };
    for (const [id, other] of members) {
      const { port1, port2 } = new MessageChannel();
      this.#attach(id, port1);
      other.#attach(owner.member, port2);
    }
    this.#network.set(owner.ensemble, members.set(owner.member, this));
  }

  send(to: string, bytes: Uint8Array): boolean {
    const link = this.#links.get(to);
    if (link === undefined || bytes.length > (this.#running?.owner.frameBytesMax ?? 0)) return false;
    // One frame of any permitted size passes an empty queue, or it never could.
    if (link.waitingBytes > 0 && link.waitingBytes + bytes.length > waitingBytesMax) return false;
    link.waitingBytes += bytes.length + frameCost;
    // A copy of exactly these bytes: the sender may send them again, and they may be part of a larger buffer.
    const copy = bytes.slice();
    link.port.postMessage(copy, [copy.buffer]);
    return true;
  }

  async close(): Promise<void> {
    if (this.#running === undefined) return;
    this.#network.get(this.#running.owner.ensemble)?.delete(this.#running.owner.member);
    this.#running = undefined;
    // What was posted before still arrives, and the end of the port behind it.
    for (const port of this.#ports) port.close();
  }

  #attach(member: string, port: MessagePort): void {
    const link: Link = { port, waitingBytes: 0 };
    this.#ports.add(port);
    port.on('message', (message: 'hello' | number | Uint8Array) => {
      if (message === 'hello') {
        // The end of its last life may arrive later than its next hello.
        if (this.#links.has(member)) this.#disconnect(member);
        this.#links.set(member, link);
        this.#tell((events) => events.connected(member));
      } else if (typeof message === 'number') link.waitingBytes -= message + frameCost;
      else {
        this.#tell((events) => events.frame(member, message));
        port.postMessage(message.length);
      }
    });
    port.on('close', () => {
      this.#ports.delete(port);
      if (this.#links.get(member) === link) this.#disconnect(member);
    });
    port.unref(); // an idle peer keeps no process alive
    port.postMessage('hello');
  }

  #disconnect(member: string): void {
    this.#links.delete(member);
    this.#tell((events) => events.disconnected(member));
  }

  /** A listener that throws must not cost the others their frames. */
  #tell(call: (events: TransportEvents) => void): void {
    try {
      if (this.#running !== undefined) call(this.#running.events);
    } catch (error) {
      this.#running?.owner.logger.error({ error }, 'a listener of the transport threw');
    }
  }
}
