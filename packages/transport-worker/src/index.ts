export type { Transport } from '@quorate/core/ports';
