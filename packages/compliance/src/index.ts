export type { Storage, Transport } from '@quorate/core/ports';
