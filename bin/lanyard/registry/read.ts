import { z } from "zod";
import { type Registration, registrationKinds } from "../../../core/model/registry.ts";
import { ask } from "../deployment/ask.ts";
import type { Profile } from "../deployment/profile.ts";
import { Refused, Usage } from "../terminal/outcome.ts";

const answered = z.object({
  version: z.number(),
  deployment: z.object({ generation: z.number(), blocked: z.boolean() }),
  registrations: z.array(z.looseObject({ kind: z.enum(registrationKinds), name: z.string() })),
});

/** A version of the registry, and the deployment's epoch and block. */
interface ReadRegistry {
  readonly version: number;
  readonly deployment: { readonly generation: number; readonly blocked: boolean };
  /** They were validated when they were applied, and will be again if they are applied. */
  readonly registrations: readonly Registration[];
}

/**
 * Asks admin-read for the registry.
 * @param version by default the current one
 * @throws Usage for a version that does not exist, Refused
 */
export async function readRegistry(profile: Profile, version?: number): Promise<ReadRegistry> {
  const query = version === undefined ? {} : { version: String(version) };
  const answer = await ask(profile, "registry", query).catch((cause: unknown) => {
    if (version !== undefined && cause instanceof Refused && cause.facts.status === 404)
      throw new Usage(`there is no version ${version} of the registry`);
    throw cause;
  });
  const parsed = answered.safeParse(answer);
  if (!parsed.success) throw new Refused("admin-read answered no registry");
  return { ...parsed.data, registrations: parsed.data.registrations as unknown as readonly Registration[] };
}
