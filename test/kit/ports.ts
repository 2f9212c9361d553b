/** Ports that stay free between two looks, though other tests listen and connect beside this one. */
import { occupy } from "./wire/server.ts";

/**
 * Below what any system hands out to whoever names no port (Linux from 32768, BSD from 49152, gVisor from 16000): those
 * may be gone a moment after they were found free, to another test's server or to any outgoing connection.
 */
const [firstPort, endPort] = [10_000, 16_000];
/** Each worker of a run draws from ports of its own. */
const workers = 8;

/**
 * Finds ports in a row that nobody listens on or connects from now.
 * @param length how many
 * @returns the first of them
 */
export async function freeRow(length: number): Promise<number> {
  const share = Math.floor((endPort - firstPort) / workers);
  const from = firstPort + (Number(process.env.VITEST_POOL_ID ?? 0) % workers) * share;
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const base = from + Math.floor(Math.random() * (share - length));
    const free = await Promise.all(Array.from({ length }, (_, index) => isFree(base + index)));
    if (!free.includes(false)) return base;
  }
  throw new Error(`no ${length} ports in a row are free from ${from} on`);
}

const isFree = (port: number): Promise<boolean> =>
  occupy(port).then(
    ({ close }) => close().then(() => true),
    () => false,
  );
