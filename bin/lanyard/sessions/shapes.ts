import { z } from "zod";
import { reader } from "../deployment/reader.ts";

const given = z.object({
  role: z.string(),
  account: z.string(),
  accessKeyId: z.string(),
  endsAtSeconds: z.number(),
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
  aws: z.array(given).optional(),
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

/** A session in a list. */
export type Session = z.infer<typeof session>;
/** Everything that admin-read answers about one session. */
export type Story = z.infer<typeof story>;
/** A session that a revocation would end. */
export type Reached = z.infer<typeof reached>;

/** Reads one of a list of sessions. */
export const readSession = reader(session, "session");
/** Reads the story of one. */
export const readStory = reader(story, "story");
/** Reads one of the sessions that depend on a subject. */
export const readReached = reader(reached, "session");
