import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it, vi } from 'vitest';
import { ChannelEnd } from '../src/channel-end.ts';
import type { ChannelLimits } from '../src/limits.ts';

const small: ChannelLimits = {
  windowBytesMax: 100,
  windowFramesMax: 8,
  queueBytesMax: 200,
  queueFramesMax: 20,
};

interface Heard {
  readonly lengths: number[];
  drained: number;
  closed: number;
}

function twoEnds(limits: ChannelLimits = small) {
  const { port1, port2 } = new MessageChannel();
  const posted = vi.spyOn(port1, 'postMessage');
  const heardBy = (): Heard => ({ lengths: [], drained: 0, closed: 0 });
  const [heardFirst, heardSecond] = [heardBy(), heardBy()];
  const [first, second] = [
    { port: port1, heard: heardFirst },
    { port: port2, heard: heardSecond },
  ].map(
    ({ port, heard }) =>
      new ChannelEnd(port, limits, {
        frame: (bytes) => heard.lengths.push(bytes.length),
        drained: () => void (heard.drained += 1),
        closed: () => void (heard.closed += 1),
      }),
  );
  if (first === undefined || second === undefined) throw new TypeError('two ends');
  return { first, second, heardFirst, heardSecond, posted };
}

async function turns(count = 20): Promise<void> {
  for (let done = 0; done < count; done += 1) await new Promise((resolve) => void setImmediate(resolve));
}

const frame = (length: number): Uint8Array => new Uint8Array(length);

describe('one end of a channel', () => {
  it('posts all frames of one turn as one packet', async () => {
    const { first, heardSecond, posted } = twoEnds();
    for (const length of [1, 2, 3]) first.send(frame(length));
    expect(posted).not.toHaveBeenCalled();
    await turns();
    expect(posted).toHaveBeenCalledTimes(1);
    expect(heardSecond.lengths).toEqual([1, 2, 3]);
    first.destroy();
  });

  it('keeps no more on its way than the window, and one frame that began within it', async () => {
    const { port1, port2 } = new MessageChannel();
    const framesInPackets: number[] = [];
    // Somebody who reads and never gives room back.
    port2.on('message', (packet: ArrayBuffer) => framesInPackets.push(new Uint32Array(packet, 8, 1)[0] ?? 0));
    const end = new ChannelEnd(port1, small, { frame() {}, closed() {} });
    for (let count = 0; count < 6; count += 1) end.send(frame(30));
    await turns();
    expect(framesInPackets).toEqual([4]);
    expect([end.send(frame(30)), end.send(frame(200))]).toEqual([true, false]);
    await turns();
    expect(framesInPackets).toEqual([4]);
    end.destroy();
  });

  it('passes a frame that is larger than window and queue', async () => {
    const { first, heardSecond } = twoEnds();
    expect([first.send(frame(5_000)), first.send(frame(1))]).toEqual([true, false]);
    await turns();
    expect(heardSecond.lengths).toEqual([5_000]);
    expect(first.send(frame(6_000))).toBe(true);
    await turns();
    expect(heardSecond.lengths).toEqual([5_000, 6_000]);
    first.destroy();
  });

  it('refuses by bytes and by count, says once that there is room, and loses nothing', async () => {
    for (const length of [30, 1]) {
      const { first, heardFirst, heardSecond } = twoEnds();
      let count = 0;
      while (first.send(frame(length))) count += 1;
      expect(count).toBe(length === 30 ? 6 : 20);
      first.send(frame(length));
      await turns();
      expect(heardFirst.drained).toBe(1);
      expect(heardSecond.lengths).toEqual(Array.from({ length: count }, () => length));
      first.destroy();
    }
  });

  it('never stops for want of credit, whatever sizes go both ways', async () => {
    const { first, second, heardFirst, heardSecond } = twoEnds();
    const lengths = Array.from({ length: 300 }, (_, at) => 1 + ((at * 37) % 150));
    for (const length of lengths) {
      while (!first.send(frame(length))) await turns(1);
      while (!second.send(frame(length))) await turns(1);
    }
    await turns();
    expect(heardFirst.lengths).toEqual(lengths);
    expect(heardSecond.lengths).toEqual(lengths);
    first.destroy();
  });

  it('writes what waits before it ends, and is told nothing of its own end', async () => {
    const { first, heardFirst, heardSecond } = twoEnds();
    for (let count = 0; count < 6; count += 1) first.send(frame(30));
    const ended = Promise.all([first.end(), first.end()]);
    expect(first.send(frame(1))).toBe(false);
    await ended;
    await turns();
    expect(heardSecond).toEqual({ lengths: [30, 30, 30, 30, 30, 30], drained: 0, closed: 1 });
    expect(heardFirst.closed).toBe(0);
  });

  it('drops what waits when it is destroyed, also while it ends', async () => {
    const { first, heardSecond } = twoEnds();
    for (let count = 0; count < 6; count += 1) first.send(frame(30));
    const ended = first.end();
    first.destroy();
    await ended;
    first.destroy();
    await first.end();
    await turns();
    expect(heardSecond).toEqual({ lengths: [30, 30, 30, 30], drained: 0, closed: 1 });
  });
});
