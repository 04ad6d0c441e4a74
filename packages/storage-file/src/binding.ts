/**
 * What a checksum is seeded with, so that bytes of another place are not taken for those of this one: a file of
 * another ensemble or member, of an earlier life of this directory, another segment, another block. A write that
 * the disk put elsewhere, or a file that somebody copied here, fails its checksum like any other damage.
 */
import { crc32 } from 'node:zlib';
import { FieldWriter } from './fields.ts';

/** Whose directory it is. `life` is drawn when the directory is made, and never changes in it. */
export interface DirectoryOwner {
  readonly ensemble: string;
  readonly member: string;
  readonly life: number;
}

/** The seed for everything that is bound to a directory. */
export function directorySeed({ ensemble, member, life }: DirectoryOwner): number {
  return crc32(new FieldWriter().text(ensemble).text(member).u64(life).finish());
}

/** The seed of one segment's header and records. */
export function segmentSeed(seed: number, segment: number): number {
  return crc32(new FieldWriter().u64(segment).finish(), seed);
}

/** The seed of one snapshot's header, table and end. */
export function snapshotSeed(seed: number, name: { readonly index: number; readonly term: number }): number {
  return crc32(new FieldWriter().u64(name.index).u64(name.term).finish(), seed);
}

/** The seed of one block of a snapshot, counted from 0. */
export function blockSeed(seed: number, block: number): number {
  return crc32(new FieldWriter().u32(block).finish(), seed);
}
