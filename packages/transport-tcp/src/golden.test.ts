/** Version 1 as it was released: these bytes never change. A new form is a new version with a file of its own. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FrameQueue } from './frame-queue.ts';
import { FrameReader } from './frame-reader.ts';
import { AcceptorHandshake, type ChannelFacts, DiallerHandshake } from './handshake.ts';
import {
  encodeAccept,
  encodeRefuse,
  type Introduction,
  lifeBytes,
  nonceBytes,
} from './handshake-messages.ts';
import { derivePsk } from './psk-channels.ts';

const golden = JSON.parse(
  readFileSync(new URL('golden/handshake-1.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, string>>;

function introduction(member: string, byte: number): Introduction {
  return {
    ensemble: 'quorate',
    member,
    incarnation: 0x1_0203_0405_0607,
    frameBytesMax: 16_777_216,
    life: new Uint8Array(lifeBytes).fill(byte),
    nonce: new Uint8Array(nonceBytes).fill(byte + 1),
  };
}

/** What both ends say, in hexadecimal digits. */
function said(): Readonly<Record<string, string>> {
  const channel: ChannelFacts = { identity: { kind: 'anybody' }, bindingKey: new Uint8Array(32).fill(7) };
  const dialler = new DiallerHandshake(channel, { ...introduction('grün', 1), role: 'member', target: 'a' });
  const terms = { introduction: introduction('a', 3), members: new Set(['grün']), servesSessions: false };
  const welcomed = new AcceptorHandshake(channel, terms).receive(dialler.opening);
  const welcome = welcomed.kind === 'wait' ? welcomed.reply : undefined;
  const confirmed = dialler.receive(welcome ?? Buffer.alloc(0));
  const confirm = confirmed.kind === 'wait' ? confirmed.reply : undefined;
  const queue = new FrameQueue({ framesMax: 9, bytesMax: 99 });
  for (const frame of [Uint8Array.of(1, 2, 3), new Uint8Array(0)]) queue.push(frame);
  return {
    hello: dialler.opening.toString('hex'),
    welcome: welcome?.toString('hex') ?? '',
    confirm: confirm?.toString('hex') ?? '',
    accept: encodeAccept().toString('hex'),
    refused: encodeRefuse('refused').toString('hex'),
    version: encodeRefuse('version').toString('hex'),
    superseded: encodeRefuse('superseded').toString('hex'),
    frames: Buffer.concat(queue.take(99)).toString('hex'),
    memberKey: Buffer.from(derivePsk(Buffer.from('a secret of sixteen bytes'), 'member')).toString('hex'),
    sessionKey: Buffer.from(derivePsk(Buffer.from('a secret of sixteen bytes'), 'session')).toString('hex'),
  };
}

describe('version 1', () => {
  it('is written as it always was', () => {
    expect(said()).toEqual(golden);
  });

  it('is read as it always was', () => {
    const frames: number[][] = [];
    new FrameReader(9).read(
      Buffer.from(golden['frames'] ?? '', 'hex'),
      (frame) => frames.push([...frame]) > 0,
    );
    expect(frames).toEqual([[1, 2, 3], []]);
  });
});
