import { z } from "zod";
import { reader } from "../deployment/reader.ts";

const principal = z.object({
  id: z.string(),
  kind: z.string(),
  agents: z.array(
    z.object({
      agent: z.string(),
      sessions: z.number(),
      deepest: z.number(),
      scopes: z.array(z.string()),
      lastEndsAtSeconds: z.number(),
    }),
  ),
});

/** A principal and the agents that act on its authority. */
export type Principal = z.infer<typeof principal>;

/** Reads one of a list of principals. */
export const readPrincipal = reader(principal, "principal");
