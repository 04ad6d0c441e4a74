/** Checks what `openSession` and `connect` were asked: types are no guard at run time. */
import { parseSessionId } from '../codec/stat.ts';
import type { SessionOptions, WaitOptions } from './api-types.ts';
import { badArgument, optionsOf } from './arguments.ts';

export interface AskedSession {
  readonly timeoutMs: number;
  readonly resume: { readonly sessionId: number; readonly secret: Uint8Array } | undefined;
  /** Still to be checked, as with every call that waits. */
  readonly wait: WaitOptions | undefined;
}

const timeoutMsDefault = 10_000;

export function readSessionOptions(options: SessionOptions | undefined): AskedSession {
  const asked: Record<keyof SessionOptions, unknown> | undefined = optionsOf(options);
  const timeoutMs = asked?.timeoutMs ?? timeoutMsDefault;
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0)) {
    throw badArgument('timeoutMs', 'not a number of milliseconds above 0, or Infinity');
  }
  return { timeoutMs, resume: resumeOf(asked?.resume), wait: options };
}

function resumeOf(resume: unknown): AskedSession['resume'] {
  if (resume === undefined) return undefined;
  if (typeof resume !== 'object' || resume === null) throw badArgument('resume', 'not { id, secret }');
  const { id, secret } = resume as Partial<Record<'id' | 'secret', unknown>>;
  const sessionId = typeof id === 'string' ? parseSessionId(id) : undefined;
  if (sessionId === undefined) throw badArgument('resume.id', 'not a session id');
  if (!(secret instanceof Uint8Array)) throw badArgument('resume.secret', 'not a byte array');
  return { sessionId, secret: secret.slice() };
}
