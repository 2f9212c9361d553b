import type { Notice } from "../../core/events/messages.ts";
import type { PlanDeps } from "../../core/events/plan-notices.ts";
import type { EventSecret, PushAnswer } from "../../core/events/push.ts";
import type { ReachedSession } from "../../core/events/reach.ts";
import type { Revoked } from "../../core/events/revoked.ts";
import type { SecurityEvent } from "../../core/events/security-event.ts";
import type { TransmitDeps } from "../../core/events/transmit.ts";
import { loginEpochs, loginName } from "../../core/model/login.ts";
import type { FetchFailure } from "../../core/model/ports.ts";
import type { ReceiverRegistration, Registration } from "../../core/model/registry.ts";
import { ok, type Result } from "../../core/model/result.ts";
import { createSnapshot } from "../../core/model/snapshot.ts";
import type { LivenessRows, RevocationEpoch } from "../../core/session/store.ts";
import { baseRows, customers, replacing, tickets, trustDomain } from "../kit/registry.ts";

export const issuer = "https://abc123.lambda-url.eu-west-1.on.aws";
export const now = 1_785_542_400;
export const uid = "u".repeat(22);
export const person = "p_abcdefghijklmnopqrstuvwxyz234567";
export const agentOf = (name: string) => `spiffe://${trustDomain}/agent/${name}`;

export const receiver = (name: string, more: Partial<ReceiverRegistration> = {}): ReceiverRegistration => ({
  kind: "receiver",
  name,
  endpoint: `https://${name}.example/events`,
  audience: `https://${name}.example`,
  resources: "all",
  events: ["session-revoked"],
  ...more,
});

export const revoked = (kind: Revoked["kind"], id: string, more: Partial<Revoked> = {}): Revoked => ({
  uid,
  kind,
  id,
  by: "admin",
  atSeconds: now - 2,
  ...more,
});

let made = 0;
/** A root session of the planner for a person, with a grant at the tickets. */
export function session(more: Partial<ReachedSession> & { readonly at?: readonly string[] } = {}): ReachedSession {
  const { at = [tickets], ...rest } = more;
  made += 1;
  const sid = rest.sid ?? `s${String(made).padStart(21, "0")}`;
  return {
    root: sid,
    sid,
    anc: [],
    epochs: { [`agent:${agentOf("planner")}`]: 0, [`principal:${person}`]: 0 },
    principal: { id: person, kind: "person" },
    actors: [agentOf("planner")],
    grants: at.map((resource) => ({ resource, scopes: ["x"], details: [] })),
    expiresAtSeconds: now + 900,
    ...rest,
  };
}
export const childOf = (parent: ReachedSession, more: Parameters<typeof session>[0] = {}): ReachedSession =>
  session({
    root: parent.root,
    anc: parent.sid === parent.root ? [] : [...parent.anc, parent.sid],
    actors: [...parent.actors, agentOf("researcher")],
    epochs: { ...parent.epochs, [`agent:${agentOf("researcher")}`]: 0 },
    ...more,
  });

/** Everything the transmitter stands on, in memory; what it pushed and signed is kept. */
export function createEvents(receivers: readonly ReceiverRegistration[], sessions: readonly ReachedSession[] = []) {
  const pushed: { endpoint: string; token: string; authorization: string | undefined }[] = [];
  const signed: SecurityEvent[] = [];
  const answers: Result<PushAnswer, FetchFailure>[] = [];
  const tombstones = new Set<string>();
  const epochs = new Map<string, RevocationEpoch>();
  const trees: string[] = [];
  const registry: { receivers: readonly ReceiverRegistration[]; rows: readonly Registration[] } = {
    receivers,
    rows: [],
  };
  const deployment = { epoch: 0, blocked: false, registryVersion: 7, cutAtSeconds: now - 2 };
  const secrets = new Map<string, EventSecret>();
  const deps: PlanDeps & TransmitDeps = {
    issuer,
    clock: { nowMillis: () => now * 1000 },
    registries: {
      at: async (version) =>
        createSnapshot(version, trustDomain, [...replacing(baseRows, registry.rows), ...registry.receivers]),
    },
    store: {
      readLiveness: async (): Promise<LivenessRows> => ({
        complete: true,
        tombstones,
        epochs,
        deployment,
      }),
      tree: async (root) => {
        trees.push(root);
        return sessions.filter((one) => one.root === root);
      },
      rootOf: async (sid) => sessions.find((one) => one.sid === sid && one.root !== sid)?.root,
      async *sessions(subject, after) {
        for (const one of sessions)
          if (
            one.expiresAtSeconds > after &&
            [
              one.principal.id,
              one.actors[one.actors.length - 1],
              one.epochs["build:sha256:bad"] === undefined ? "" : "sha256:bad",
              // as rows of table Subjects find what an owner's agents do
              ...Object.keys(one.epochs).flatMap((name) => (name.startsWith("principal:") ? name.slice(10) : [])),
              ...(one.login ? loginEpochs(one.login).map(loginName) : []),
            ].includes(subject.slice(subject.indexOf(":") + 1))
          )
            yield one;
      },
    },
    signer: {
      purpose: "events",
      current: async (alg = "RS256") => ({
        kid: "events-key",
        alg,
        sign: async (input) => {
          const [, payload = ""] = Buffer.from(input).toString("ascii").split(".");
          signed.push(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as SecurityEvent);
          return { signature: Buffer.from("signed"), requestId: undefined };
        },
      }),
    },
    pusher: {
      push: async (endpoint, token, authorization) => {
        pushed.push({ endpoint, token, authorization });
        return answers.shift() ?? ok({ status: 202, body: "" });
      },
    },
    secret: async (name) => secrets.get(name),
  };
  return { deps, pushed, signed, answers, tombstones, epochs, trees, registry, secrets, deployment };
}

/** Marks an agent, principal or build as revoked once. */
export const raised: RevocationEpoch = { epoch: 1, blocked: true, cutAtSeconds: now - 2 };

export const namesOf = (notices: readonly Notice[]): string[] => notices.map(({ receiver: name }) => name).sort();
export { customers, tickets };
