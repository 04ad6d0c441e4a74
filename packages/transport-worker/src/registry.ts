/** Who is on a hub, and the introductions between them. All of it runs in the hub's thread. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Notice, Request } from './introduction.ts';
import { succeedMsMax } from './limits.ts';

/** An endpoint as the hub sees it. */
interface Guest {
  readonly port: MessagePort;
  /** The thread it lives in; undefined: the hub's own. */
  readonly thread: MessagePort | undefined;
  /** Set when it has started as a member. */
  started: StartRequest | undefined;
  /** The next life of the same member, which waits for the end of this one. */
  successor:
    | { readonly guest: Guest; readonly request: StartRequest; readonly expiry: NodeJS.Timeout }
    | undefined;
}

type StartRequest = Request & { readonly kind: 'start' };

export class Registry {
  readonly #guests = new Set<Guest>();
  /** By ensemble, then by member. */
  readonly #members = new Map<string, Map<string, Guest>>();

  /** A new endpoint, by the hub's end of the channel to it. */
  admit(port: MessagePort, thread?: MessagePort): void {
    const guest: Guest = { port, thread, started: undefined, successor: undefined };
    this.#guests.add(guest);
    port.on('message', (request: Request) => this.#answer(guest, request));
    port.on('close', () => this.#dismiss(guest));
    port.unref();
  }

  /** A thread has ended: whatever lived in it is gone, also if its ports have not said so yet. */
  dismissThread(thread: MessagePort): void {
    for (const guest of this.#guests) if (guest.thread === thread) this.#dismiss(guest);
  }

  close(): void {
    for (const guest of this.#guests) {
      clearTimeout(guest.successor?.expiry);
      guest.successor = undefined;
    }
    for (const guest of this.#guests) this.#dismiss(guest);
  }

  #dismiss(guest: Guest): void {
    if (!this.#guests.delete(guest)) return;
    guest.port.close();
    const { started, successor } = guest;
    if (started !== undefined) this.#members.get(started.ensemble)?.delete(started.member);
    if (successor === undefined) return;
    clearTimeout(successor.expiry);
    if (this.#guests.has(successor.guest)) this.#start(successor.guest, successor.request);
  }

  #answer(guest: Guest, request: Request): void {
    if (!this.#guests.has(guest)) return;
    switch (request.kind) {
      case 'start':
        this.#start(guest, request);
        return;
      case 'dial':
        this.#dial(guest, request);
        return;
    }
  }

  #start(guest: Guest, request: StartRequest): void {
    const { ensemble, member } = request;
    const members = this.#members.get(ensemble) ?? new Map<string, Guest>();
    this.#members.set(ensemble, members);
    const earlier = members.get(member);
    if (earlier !== undefined) {
      this.#startAfter(earlier, guest, request);
      return;
    }
    guest.started = request;
    tell(guest, { kind: 'started' });
    for (const [otherMember, other] of members) {
      const { port1, port2 } = new MessageChannel();
      tell(guest, { kind: 'meet', member: otherMember, port: port1 });
      tell(other, { kind: 'meet', member, port: port2 });
    }
    members.set(member, guest);
  }

  /** The end of a member's last life may arrive here after the beginning of its next one: they come by two ports. */
  #startAfter(earlier: Guest, guest: Guest, request: StartRequest): void {
    const reason = `member ${JSON.stringify(request.member)} is on this hub already`;
    if (earlier.successor !== undefined) {
      tell(guest, { kind: 'refused', reason });
      return;
    }
    const expiry = setTimeout(() => {
      earlier.successor = undefined;
      tell(guest, { kind: 'refused', reason });
    }, succeedMsMax);
    expiry.unref();
    earlier.successor = { guest, request, expiry };
  }

  #dial(guest: Guest, { ensemble, peer, attempt }: Request & { readonly kind: 'dial' }): void {
    const serving = this.#members.get(ensemble)?.get(peer);
    if (serving?.started?.servesSessions !== true) {
      const reason =
        serving === undefined ? 'nobody of this name is on the hub' : 'the peer serves no sessions';
      tell(guest, { kind: 'unreachable', attempt, reason });
      return;
    }
    const { port1, port2 } = new MessageChannel();
    tell(serving, { kind: 'serve', port: port1 });
    tell(guest, { kind: 'dialled', attempt, port: port2 });
  }
}

function tell({ port }: Guest, notice: Notice): void {
  port.postMessage(notice, 'port' in notice ? [notice.port] : []);
}
