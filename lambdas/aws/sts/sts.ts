import type { Sts } from "../../../core/credentials/sts.ts";

/**
 * Creates the way to STS of one Region. Its client is loaded with the first call: a cold start has enough to read.
 * @param region the function's own
 */
export function createSts(region: string): Sts {
  let opened: Promise<Sts> | undefined;
  const open = (): Promise<Sts> => {
    opened ??= import("./calls.ts").then(({ openSts }) => openSts(region));
    return opened;
  };
  return {
    assumeRole: async (...order) => (await open()).assumeRole(...order),
    getScopedCredentials: async (...order) => (await open()).getScopedCredentials(...order),
  };
}
