import { createHash, randomBytes } from "node:crypto";
import type { AuditRecord } from "../../core/audit/record.ts";
import type { ReplayEntry } from "../../core/model/replay/entry.ts";
import type { Offer, Session } from "../../core/model/session.ts";

/** A moment every test starts from, seconds. */
export const now = 1_785_542_400;
export const planner = "spiffe://acme.example/agent/planner";
export const researcher = "spiffe://acme.example/agent/researcher";

export const id = (): string => randomBytes(16).toString("base64url");

/** A root session of the planner, unless told otherwise. */
export function session(more: Partial<Session> = {}): Session {
  const sid = more.sid ?? id();
  return {
    root: sid,
    sid,
    anc: [],
    depth: 0,
    principal: { id: "p_abcdefghijklmnopqrstuvwxyz234567", kind: "person" },
    actors: [planner],
    grants: [
      {
        resource: "https://crm.example/",
        scopes: ["crm:read"],
        details: [{ type: "crm-customer", customers: ["42"], limit: 1e300, ratio: 0.1, nested: { "": [null, true] } }],
      },
    ],
    jkt: "jkt-of-planner",
    assurance: "fresh",
    createdAtSeconds: now,
    expiresAtSeconds: now + 900,
    epochs: { deployment: 0, [`agent:${planner}`]: 0 },
    registryVersion: 1,
    status: { list: "2026080100-0", idx: 7 },
    ...more,
  };
}

export const record = (eventId = id()): AuditRecord => {
  const body = JSON.stringify({ metadata: { uid: eventId } });
  const hash = createHash("sha256").update(body).digest("base64url");
  return { eventId, timeMillis: now * 1000, detailType: "API Activity", body, hash };
};

export const replayEntry = (kind: ReplayEntry["kind"] = "dpop"): ReplayEntry => ({
  kind,
  key: id(),
  expiresAtSeconds: now + 60,
});

export function offer(from: Session, more: Partial<Offer> = {}): Offer {
  return {
    root: from.root,
    handleHash: id(),
    from,
    to: researcher,
    grants: from.grants,
    createdAtSeconds: now,
    expiresAtSeconds: now + 120,
    ...more,
  };
}
