/** Follows a watch for a while at its own pace, and sometimes goes on where an earlier one has stopped. */
import type { Session, WatchOptions } from '@quorate/core';
import type { ClientOptions } from './client.ts';

/** Watches that one client follows at a time: the rest of its work must not wait for them. */
const pullsMax = 40;

export async function followWatch(
  { sleep, stream }: ClientOptions,
  session: Session,
  options: WatchOptions & { readonly path: string },
): Promise<void> {
  const { path, ...rest } = options;
  const lastZxid = await follow(session.watch(path, rest), {
    pulls: stream.between(1, pullsMax),
    stream,
    sleep,
  });
  if (lastZxid === undefined || stream.chance(500_000)) return;
  await sleep(stream.exponential(200));
  await follow(session.watch(path, { ...rest, from: lastZxid }), {
    pulls: stream.between(1, 10),
    stream,
    sleep,
  });
}

/** Answers the zxid of the last batch that was pulled whole. */
async function follow(
  watch: ReturnType<Session['watch']>,
  how: { readonly pulls: number } & Pick<ClientOptions, 'sleep' | 'stream'>,
): Promise<number | undefined> {
  let lastZxid: number | undefined;
  let left = how.pulls;
  // Nothing may ever happen in its scope: it ends by itself after a while.
  const ending = how.sleep(how.stream.between(100, 4_000)).then(() => watch.close());
  for await (const batch of watch) {
    if (batch.last) lastZxid = batch.zxid;
    left -= 1;
    if (left <= 0) break;
    if (how.stream.chance(200_000)) await how.sleep(how.stream.exponential(100));
  }
  watch.close();
  void ending;
  return lastZxid;
}
