/** A network in which each member is reached through a proxy, so that single connections can be disturbed. */
import type { TestNetwork } from '@quorate/compliance';
import { decodeHello } from '../src/handshake-messages.ts';
import { tcpTransport, type TcpTransportOptions } from '../src/index.ts';
import { Proxy, type Wire } from './raw.ts';
import { addressesFor } from './started.ts';

/** Without secrets, because the proxies read who talks to whom. */
export async function networkOfWires(
  members: readonly string[],
  limits: NonNullable<TcpTransportOptions['limits']>,
): Promise<TestNetwork> {
  const behind = await addressesFor(...members);
  const proxies = new Map<string, Proxy>();
  for (const member of members) proxies.set(member, await Proxy.open(behind[member] ?? ''));
  const wires = (): readonly Wire[] => [...proxies.values()].flatMap((proxy) => proxy.wires);
  const own = (member: string): TcpTransportOptions => {
    const listen = behind[member];
    return { insecure: true, limits, ...(listen === undefined ? {} : { listen }) };
  };
  return {
    addresses: Object.fromEntries([...proxies].map(([member, { address }]) => [member, address])),
    transport: (member) => tcpTransport(own(member)),
    sessionTransport: () => tcpTransport({ insecure: true, limits }),
    break(a, b) {
      for (const wire of wires()) {
        const ends = endsOf(wire);
        if (ends.includes(a) && ends.includes(b)) wire.from.destroy();
      }
    },
    async stall(member) {
      const held = wires().flatMap((wire) => {
        const [dialler, target] = endsOf(wire);
        if (target === member) return [wire.from];
        return dialler === member ? [wire.to] : [];
      });
      // What comes from these goes to the member.
      for (const socket of held) socket.unpipe();
      return () => {
        for (const wire of wires()) {
          if (held.includes(wire.from)) wire.from.pipe(wire.to);
          if (held.includes(wire.to)) wire.to.pipe(wire.from);
        }
      };
    },
    async close() {
      for (const proxy of proxies.values()) proxy.destroy();
    },
  };
}

/** Who dialled and who was dialled, by the first words on the wire. */
function endsOf(wire: Wire): readonly string[] {
  const hello =
    wire.sent.length < 6 ? undefined : decodeHello(wire.sent.subarray(6, 6 + wire.sent.readUInt16BE(4)));
  return hello === undefined ? [] : [hello.member, hello.target];
}
