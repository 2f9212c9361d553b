import { z } from "zod";
import { Refused } from "../terminal/outcome.ts";

const standing = z.object({ generation: z.number(), blocked: z.boolean() });
const agent = z.object({
  name: z.string(),
  id: z.string(),
  state: z.string(),
  owner: z.string(),
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

const session = z.object({
  sid: z.string(),
  root: z.string(),
  parent: z.string().optional(),
  depth: z.number(),
  agent: z.string(),
  principal: z.object({ id: z.string(), kind: z.string() }),
  grants: z.array(
    z.object({
      resource: z.string(),
      scopes: z.array(z.string()),
      detailTypes: z.array(z.string()).optional(),
      details: z.array(z.unknown()).optional(),
    }),
  ),
  purpose: z.string().optional(),
  build: z.string().optional(),
  assurance: z.string(),
  createdAtSeconds: z.number(),
  expiresAtSeconds: z.number(),
  live: z.boolean(),
  idle: z.array(z.string()).optional(),
  why: z.object({ kind: z.string(), text: z.string() }).optional(),
});

const story = z.object({
  session,
  chain: z.array(session),
  children: z.array(session),
  descendants: z.number(),
  offers: z.array(
    z.object({ to: z.string(), state: z.string(), by: z.string().optional(), expiresAtSeconds: z.number() }),
  ),
  handles: z.array(z.unknown()),
  uses: z.object({ max: z.number(), left: z.number() }).optional(),
  mayEnd: z.object({ agents: z.array(z.string()), operators: z.string() }),
  cut: z.boolean(),
});

const reached = z.object({
  sid: z.string(),
  root: z.string(),
  depth: z.number(),
  agent: z.string(),
  principal: z.string(),
  expiresAtSeconds: z.number(),
});

export type Agent = z.infer<typeof agent>;
export type WholeAgent = z.infer<typeof wholeAgent>;
export type Ability = z.infer<typeof ability>;
export type Principal = z.infer<typeof principal>;
export type Session = z.infer<typeof session>;
export type Story = z.infer<typeof story>;
export type Reached = z.infer<typeof reached>;

const reader =
  <T>(schema: z.ZodType<T>, what: string) =>
  (value: unknown): T => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new Refused(`admin-read answered no ${what}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`);
  };

/** Reads what admin-read answers; throws Refused on anything else. */
export const shapes = {
  agent: reader(agent, "agent"),
  wholeAgent: reader(wholeAgent, "agent"),
  principal: reader(principal, "principal"),
  session: reader(session, "session"),
  story: reader(story, "story"),
  reached: reader(reached, "session"),
};
