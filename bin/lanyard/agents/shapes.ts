import { z } from "zod";
import { reader } from "../deployment/reader.ts";

const standing = z.object({ generation: z.number(), blocked: z.boolean(), quarantined: z.boolean() });
const agent = z.object({
  name: z.string(),
  id: z.string(),
  state: z.string(),
  owner: z.string(),
  ownerPrincipal: z.string().optional(),
  ownerStanding: z.enum(["good", "blocked", "unconfirmed", "unverified"]).optional(),
  ownerConfirmedUntilSeconds: z.number().optional(),
  sponsor: z.string(),
  standing,
});

const verdict = z.object({
  allowed: z.boolean(),
  policies: z.array(z.string()),
  why: z.string().optional(),
  logged: z.boolean().optional(),
});

const delegator = z.object({
  kind: z.string(),
  agent: z.string().optional(),
  rule: z.string().optional(),
  group: z.string().optional(),
});

const ability = z.object({
  resource: z.string(),
  scope: z.string(),
  for: delegator,
  needsDetails: z.array(z.string()).optional(),
  actions: z.record(z.string(), verdict),
});

const wholeAgent = agent.extend({
  version: z.number(),
  serves: z.array(z.string()),
  getsNothingBecause: z.array(z.string()),
  can: z.array(ability),
  lentByNobody: z.array(z.object({ resource: z.string(), scope: z.string() })),
  cut: z.boolean(),
});

/** A registered agent in a list. */
export type Agent = z.infer<typeof agent>;
/** A registered agent with what it can do by policy. */
export type WholeAgent = z.infer<typeof wholeAgent>;
/** What an agent can do with one scope for one principal. */
export type Ability = z.infer<typeof ability>;

/** Reads one of a list of agents. */
export const readAgent = reader(agent, "agent");
/** Reads the answer about a single agent. */
export const readWholeAgent = reader(wholeAgent, "agent");
