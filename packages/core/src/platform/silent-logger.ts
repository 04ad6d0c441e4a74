/** The default logger: a library says nothing unless it is asked to. */
import type { Logger } from '../ports/logger.ts';

/** Drops everything. */
export function silentLogger(): Logger {
  return { debug: ignore, info: ignore, warn: ignore, error: ignore };
}

function ignore(): void {
  // Nothing to do: see above.
}
