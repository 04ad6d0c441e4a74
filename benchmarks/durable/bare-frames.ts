/** Frames of the bare replicated path: a length, a number, and the bytes of one batch; an acknowledgement has none. */
import type { Socket } from 'node:net';

const headerBytes = 8;

export function encodeFrame(number: number, bytes: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(headerBytes + bytes.length);
  frame.writeUInt32BE(bytes.length, 0);
  frame.writeUInt32BE(number, 4);
  frame.set(bytes, headerBytes);
  return frame;
}

/** Hands over each whole frame that arrives. */
export function readFrames(socket: Socket, deliver: (number: number, bytes: Uint8Array) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= headerBytes) {
      const end = at + headerBytes + bytes.readUInt32BE(at);
      if (end > bytes.length) break;
      deliver(bytes.readUInt32BE(at + 4), bytes.subarray(at + headerBytes, end));
      at = end;
    }
    rest = bytes.subarray(at);
  });
}
