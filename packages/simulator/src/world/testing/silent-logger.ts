/** A logger for transports that are started without a peer. */
import type { Logger } from '@quorate/core/ports';

const nothing = (): void => undefined;

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
