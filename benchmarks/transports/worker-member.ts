/** A member in a worker. */
import { workerData } from 'node:worker_threads';
import { workerTransport } from '@quorate/transport-worker';
import { type Role, runMember } from './member.ts';

const transport = workerTransport();
const { role } = workerData as { readonly role: Role };
await runMember(role, { id: transport.id, members: transport.members, transport });
