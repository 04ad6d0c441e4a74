/**
 * Where to listen and whom to dial: `host:port`, `[::1]:port` for IPv6, or the path of a Unix socket, which is
 * told apart by its slash (`./a.sock` for one in the working directory).
 */
import { isIP } from 'node:net';
import { CoordinationError } from '@quorate/core';
import { unixPathBytesMax } from './limits.ts';

export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** @throws CoordinationError `BAD_ARGUMENTS` that names `argument`. */
export function parseAddress(argument: string, text: unknown): Address {
  if (typeof text !== 'string' || text === '') throw badAddress(argument, 'not a text like "127.0.0.1:7001"');
  if (text.includes('/') || text.startsWith('\\\\.\\pipe\\')) return unixAddress(argument, text);
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, Math.max(colon, 0));
  const digits = text.slice(colon + 1);
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : Number.NaN;
  if (host === '' || !(port <= 65_535)) {
    throw badAddress(argument, `${JSON.stringify(text)} is neither host:port nor a path with a slash`);
  }
  const isBracketed = host.startsWith('[') && host.endsWith(']');
  const bare = isBracketed ? host.slice(1, -1) : host;
  if (isBracketed ? isIP(bare) !== 6 : bare.includes(':')) {
    throw badAddress(argument, `${JSON.stringify(text)}: an IPv6 address stands in brackets, [::1]:7001`);
  }
  return { kind: 'tcp', host: bare, port };
}

/** Only processes of this machine can reach it, or can be reached by it. */
export function isLocal(address: Address): boolean {
  return address.kind === 'unix' || isLoopbackHost(address.host);
}

/** `localhost` is judged by what it resolved to, once that is known. */
export function isLoopbackHost(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

export function formatAddress(address: Address): string {
  if (address.kind === 'unix') return address.path;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function unixAddress(argument: string, path: string): Address {
  if (Buffer.byteLength(path) > unixPathBytesMax) {
    throw badAddress(argument, `a socket's path has at most ${unixPathBytesMax} bytes; use a shorter folder`);
  }
  if (path.includes('\0')) throw badAddress(argument, 'a path contains no NUL');
  return { kind: 'unix', path };
}

function badAddress(argument: string, reason: string): CoordinationError {
  return new CoordinationError('BAD_ARGUMENTS', { details: { argument, reason } });
}
