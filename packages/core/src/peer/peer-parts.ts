/** What a peer is made of: its checked options, its brain, and the ports that carry it. */
import type { Checksum } from '../ports/checksum.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Random } from '../ports/random.ts';
import type { Storage } from '../ports/storage.ts';
import type { Transport } from '../ports/transport.ts';
import type { Replica } from '../replica/replica.ts';
import type { PeerObserver } from './observer.ts';
import type { CheckedOptions } from './options.ts';

export interface PeerParts {
  readonly checked: CheckedOptions;
  readonly incarnation: number;
  readonly replica: Replica;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly storage: Storage;
  readonly transport: Transport | undefined;
  readonly checksum: Checksum;
  readonly observer: PeerObserver | undefined;
}
