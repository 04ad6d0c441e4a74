/** Waiting in bounded time: a case that hangs would say nothing. */
import { ComplianceFailure } from './expectations.ts';

/** A turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** What is waited for, and how long at most. */
export interface Patience {
  /** Completes "waited in vain ... ms until ...". */
  readonly what: string;
  readonly patienceMs: number;
}

/** Turns that are tried before a look costs a timer: most waits end within them. */
const quickTurns = 50;

/** Waits until the condition holds; fails when patience is at its end. */
export async function until({ what, patienceMs }: Patience, condition: () => boolean): Promise<void> {
  const endAt = performance.now() + patienceMs;
  for (let turn = 0; !condition(); turn += 1) {
    if (performance.now() > endAt)
      throw new ComplianceFailure(`waited in vain ${patienceMs} ms until ${what}`);
    await (turn < quickTurns ? nextTurn() : sleep(1));
  }
}

/** The promise's result; fails when patience is at its end. */
export async function within<T>({ what, patienceMs }: Patience, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expiry = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new ComplianceFailure(`waited in vain ${patienceMs} ms until ${what}`));
    }, patienceMs);
  });
  try {
    return await Promise.race([promise, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
