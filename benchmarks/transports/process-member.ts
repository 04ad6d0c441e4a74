/** A member in a process of its own; it ends when its parent lets go of it. */
import { tcpTransport } from '@quorate/transport-tcp';
import { type Role, runMember } from './member.ts';

const [role = 'peer', id = '', members = '{}'] = process.argv.slice(2);
process.on('disconnect', () => process.exit(0));
await runMember(role as Role, {
  id,
  members: JSON.parse(members) as Record<string, string>,
  transport: tcpTransport({ insecure: true }),
});
