/**
 * A directory in memory that keeps POSIX's promises and no more: what was not synced is lost at a crash, or torn, or
 * there, as the test decides. Files are inodes; names point to them, and names are synced on their own.
 */
import type { Directory, DirectoryFile, DirectoryLock } from '@quorate/core/ports';

interface Inode {
  /** What a reader sees. */
  bytes: Uint8Array;
  /** What survives a crash for certain. */
  durable: Uint8Array;
  /** Since the last sync, in order. */
  pending: { readonly position: number; readonly bytes: Uint8Array }[];
}

/** What is left of one write that was not synced: nothing, all of it, or what the test makes of old and new bytes. */
export type Surviving = (write: {
  readonly name: string;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}) => 'lost' | 'kept' | Uint8Array;

export interface DirectoryFault {
  readonly call: 'open' | 'write' | 'sync' | 'rename' | 'remove' | 'sync-directory' | 'read';
  readonly name: string;
}

export class MemoryDirectory implements Directory {
  readonly path = '/memory';
  /** Throws to let a call fail; called before each. */
  fault: ((call: DirectoryFault) => void) | undefined;
  /** Every call that changes something, in order. */
  readonly calls: string[] = [];
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #isLocked = false;

  async list(): Promise<readonly string[]> {
    return [...this.#names.keys()];
  }

  async open(name: string, mode: 'create' | 'write' | 'read'): Promise<DirectoryFile> {
    this.#enter({ call: 'open', name }, mode !== 'read');
    let inode = this.#names.get(name);
    if (mode === 'create') {
      if (inode !== undefined) throw filesError('EEXIST', name);
      inode = { bytes: new Uint8Array(0), durable: new Uint8Array(0), pending: [] };
      this.#names.set(name, inode);
    }
    if (inode === undefined) throw filesError('ENOENT', name);
    return this.#file(name, inode);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#enter({ call: 'rename', name: `${from} ${to}` }, true);
    const inode = this.#inode(from);
    this.#names.delete(from);
    this.#names.set(to, inode);
  }

  async remove(name: string): Promise<void> {
    this.#enter({ call: 'remove', name }, true);
    if (!this.#names.delete(name)) throw filesError('ENOENT', name);
  }

  async sync(): Promise<void> {
    this.#enter({ call: 'sync-directory', name: '' }, true);
    this.#durableNames = new Map(this.#names);
  }

  async lock(): Promise<DirectoryLock | undefined> {
    if (this.#isLocked) return undefined;
    this.#isLocked = true;
    return {
      release: async () => {
        this.#isLocked = false;
      },
    };
  }

  /** The directory after a loss of power: a new one, so that whoever holds the old one harms nothing. */
  crash(surviving: Surviving = () => 'lost', names: 'lost' | 'kept' = 'lost'): MemoryDirectory {
    const after = new MemoryDirectory();
    for (const [name, inode] of names === 'kept' ? this.#names : this.#durableNames) {
      let bytes: Uint8Array = inode.durable.slice();
      for (const { position, bytes: written } of inode.pending) {
        const before = new Uint8Array(written.length);
        before.set(bytes.subarray(position, position + written.length));
        const kept = surviving({ name, before, after: written });
        if (kept === 'lost') continue;
        bytes = place(bytes, position, kept === 'kept' ? written : kept);
      }
      after.put(name, bytes);
    }
    return after;
  }

  /** A copy of what a reader sees. */
  bytesOf(name: string): Uint8Array {
    return this.#inode(name).bytes.slice();
  }

  /** Changes what is stored, as a failing disk would. */
  damage(name: string, change: (bytes: Uint8Array) => void): void {
    const inode = this.#inode(name);
    change(inode.bytes);
    change(inode.durable);
  }

  names(): readonly string[] {
    return [...this.#names.keys()];
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Whether a file was written since its name was last made durable: only what is new is written so. */
  isGrowing(name: string): boolean {
    return this.#names.has(name) && !this.#durableNames.has(name);
  }

  /** Puts a durable file there. */
  put(name: string, bytes: Uint8Array): void {
    const inode: Inode = { bytes: bytes.slice(), durable: bytes.slice(), pending: [] };
    this.#names.set(name, inode);
    this.#durableNames.set(name, inode);
  }

  /** Takes a file away, durably. */
  drop(name: string): void {
    this.#names.delete(name);
    this.#durableNames.delete(name);
  }

  /** A copy of what is there, all of it durable. */
  copy(): MemoryDirectory {
    return this.crash(() => 'kept', 'kept');
  }

  #inode(name: string): Inode {
    const inode = this.#names.get(name);
    if (inode === undefined) throw filesError('ENOENT', name);
    return inode;
  }

  #file(name: string, inode: Inode): DirectoryFile {
    return {
      read: async (position, length) => {
        this.#enter({ call: 'read', name }, false);
        return inode.bytes.slice(position, position + length);
      },
      write: async (bytes, position) => {
        this.#enter({ call: 'write', name }, true);
        inode.pending.push({ position, bytes: bytes.slice() });
        inode.bytes = place(inode.bytes, position, bytes);
      },
      sync: async () => {
        try {
          this.#enter({ call: 'sync', name }, true);
        } catch (error) {
          // As Linux does: what could not be written counts as written, is still shown, and is gone after a crash.
          inode.pending = [];
          throw error;
        }
        for (const { position, bytes } of inode.pending)
          inode.durable = place(inode.durable, position, bytes);
        inode.pending = [];
      },
      truncate: async (length) => {
        this.#enter({ call: 'write', name }, true);
        inode.bytes = inode.bytes.slice(0, length);
        inode.durable = inode.durable.slice(0, length);
      },
      size: async () => inode.bytes.length,
      close: async () => undefined,
    };
  }

  #enter(call: DirectoryFault, isChange: boolean): void {
    if (isChange) this.calls.push(`${call.call} ${call.name}`.trim());
    this.fault?.(call);
  }
}

export function filesError(code: string, name: string): Error & { readonly code: string } {
  return Object.assign(new Error(`${code}: ${name}`), { code });
}

/** In place where it fits, as a large file would otherwise be copied for each write. */
function place(bytes: Uint8Array, position: number, written: Uint8Array): Uint8Array {
  if (position + written.length <= bytes.length) {
    bytes.set(written, position);
    return bytes;
  }
  const placed = new Uint8Array(position + written.length);
  placed.set(bytes);
  placed.set(written, position);
  return placed;
}
