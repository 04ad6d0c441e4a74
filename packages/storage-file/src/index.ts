export type { Directory } from '@quorate/core/ports';
