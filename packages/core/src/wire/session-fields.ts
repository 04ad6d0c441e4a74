/** The fields that session messages share. Reading checks each; what comes out has only values that its type allows. */
import type { ByteReader, ByteWriter } from '../codec/bytes.ts';
import { fieldError } from './fields.ts';

/** Longest name of an ensemble in bytes: 256 characters of up to four. */
const ensembleBytesMax = 1_024;
/** Longest secret: those of this library have 16 bytes. */
const secretBytesMax = 1_024;

export function writeFlag(writer: ByteWriter, flag: boolean): void {
  writer.u8(flag ? 1 : 0);
}

export function readFlag(reader: ByteReader, name: string): boolean {
  const flag = reader.u8();
  if (flag > 1) throw fieldError(name, 'is neither 0 nor 1');
  return flag === 1;
}

/** One of a closed set, by its position in `choices`. */
export function readChoice<T>(reader: ByteReader, name: string, choices: readonly T[]): T {
  const choice = choices[reader.u8()];
  if (choice === undefined) throw fieldError(name, 'is none of those known');
  return choice;
}

export function readEnsemble(reader: ByteReader): string {
  return reader.text(ensembleBytesMax);
}

export function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  writer.varint(bytes.length);
  writer.bytes(bytes);
}

export function readSecret(reader: ByteReader): Uint8Array {
  const length = reader.varint();
  if (length > secretBytesMax) throw fieldError('secret', `is longer than ${secretBytesMax} bytes`);
  return reader.bytes(length);
}

/** A time-out in milliseconds: above 0, perhaps infinite. */
export function readTimeout(reader: ByteReader): number {
  const timeoutMs = reader.f64();
  if (!(timeoutMs > 0)) throw fieldError('timeoutMs', 'is no time above 0');
  return timeoutMs;
}

export function writeOptionalCount(writer: ByteWriter, count: number | undefined): void {
  writeFlag(writer, count !== undefined);
  if (count !== undefined) writer.varint(count);
}

export function readOptionalCount(reader: ByteReader, name: string): number | undefined {
  return readFlag(reader, name) ? reader.varint() : undefined;
}

/** That many of something of which each takes a byte at least: nothing grows because a number claims it. */
export function readMany<T>(reader: ByteReader, name: string, readOne: () => T): readonly T[] {
  const count = reader.varint();
  if (count > reader.remaining) throw fieldError(name, 'has fewer parts than it says');
  const many: T[] = [];
  for (let index = 0; index < count; index += 1) many.push(readOne());
  return many;
}
