import { afterEach, beforeEach } from "vitest";
import type { Registration } from "../../core/model/registry.ts";
import { openReading, type Reading } from "../admin/reading.ts";
import { trustDomain } from "../kit/registry.ts";
import { openDeployment } from "./deployment.ts";

export let deployment: Awaited<ReturnType<typeof openDeployment>>;
export let reading: Reading;

export const lanyard: typeof deployment.lanyard = (args, more) => deployment.lanyard(args, more);
export const json = async (...args: readonly string[]) => JSON.parse((await lanyard([...args, "--json"])).out);

/** Has each test of the calling file begin on this ground, with more registrations. */
export function setUp(...more: readonly Registration[]): void {
  beforeEach(async () => {
    deployment = await openDeployment();
    reading = await openReading(...more);
    // the command's clock is the machine's: the sessions it is shown must live now
    reading.world.time.seconds = Math.floor(Date.now() / 1000);
    deployment.read.answer = (target) => reading.get(target);
    await deployment.write({ deployment: { variables: {}, trustDomain } });
  });
  afterEach(() => deployment.close());
}
