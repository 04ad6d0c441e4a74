/** A frame as a reader of a trace wants it. */
import { decodeFrame, portableChecksum, type ReplicaMessage } from '@quorate/core/inspect';

const bytesShown = 8;

/** Damaged ones are named, not refused. */
export function describeFrame(bytes: Uint8Array): string {
  try {
    return describe(
      decodeFrame(bytes, { to: '', checksum: portableChecksum(), frameBytesMax: bytes.length }),
    );
  } catch {
    const first = [...bytes.subarray(0, bytesShown)].map((byte) => byte.toString(16).padStart(2, '0'));
    return `${bytes.length} bytes that are no frame: ${first.join(' ')}`;
  }
}

/** Its kind and term, and its other fields; long ones by their size. */
function describe(message: ReplicaMessage): string {
  const { kind, from: _from, to: _to, term, ...rest } = message;
  const fields = Object.entries(rest).map(([name, value]) => `${name}=${short(value)}`);
  return [kind, `term=${term}`, ...fields].join(' ');
}

function short(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length}B`;
  if (Array.isArray(value)) return `[${value.length}]`;
  if (typeof value === 'object' && value !== null) return '{}';
  return String(value);
}
