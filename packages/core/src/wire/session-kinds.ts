/** The number that each kind of session message has in format version 1. Numbers are never reused. */
import type { SessionAnswer, SessionMessage, SessionRequest } from './session-messages.ts';

const requestNumbers: Readonly<Record<SessionRequest['kind'], number>> = {
  open: 1,
  resume: 2,
  attach: 3,
  submit: 4,
  read: 5,
  'cancel-read': 6,
  watch: 7,
  unwatch: 8,
  touch: 9,
  ping: 10,
};

const answerNumbers: Readonly<Record<SessionAnswer['kind'], number>> = {
  welcome: 32,
  refused: 33,
  replies: 34,
  durable: 35,
  reachable: 36,
  confirmed: 37,
  ended: 38,
  answer: 39,
  page: 40,
  resumed: 41,
  changes: 42,
  'watch-failed': 43,
  pong: 44,
};

const numbers: Readonly<Record<SessionMessage['kind'], number>> = { ...requestNumbers, ...answerNumbers };
const requestKinds = kindsOf(requestNumbers);
const answerKinds = kindsOf(answerNumbers);

export function sessionKindNumber(kind: SessionMessage['kind']): number {
  return numbers[kind];
}

/** Undefined for a number that no request has. */
export function requestKindOf(number: number): SessionRequest['kind'] | undefined {
  return requestKinds.get(number);
}

/** Undefined for a number that no answer has. */
export function answerKindOf(number: number): SessionAnswer['kind'] | undefined {
  return answerKinds.get(number);
}

function kindsOf<K extends string>(table: Readonly<Record<K, number>>): ReadonlyMap<number, K> {
  return new Map(Object.entries<number>(table).map(([kind, number]) => [number, kind as K]));
}
