import { beforeEach, describe, expect, test } from "vitest";
import { planNotices } from "../../core/events/plan-notices.ts";
import { agentSubject, deploymentSubject, principalSubject } from "../../core/events/security-event.ts";
import { transmit } from "../../core/events/transmit.ts";
import { limits } from "../../core/model/limits.ts";
import { personId } from "../../core/model/person-id.ts";
import { agent, idp } from "../kit/registry.ts";
import {
  agentOf,
  childOf,
  createEvents,
  customers,
  issuer,
  namesOf,
  now,
  raised,
  receiver,
  revoked,
  session,
  tickets,
} from "./samples.ts";

const olga = personId(idp, "olga");
const owner = { issuer: idp, sub: "olga" };
const ticketsOnly = receiver("tickets", { resources: [tickets] });
const customersOnly = receiver("customers", { resources: [customers] });
const plain = session();
const under = { ...plain.epochs, [`principal:${olga}`]: 0 };
/** A session of the planner for somebody else, opened while Olga owned the planner. */
const owned = (more: Parameters<typeof session>[0] = {}) => session({ epochs: under, ...more });
const subjectsOf = (notices: Awaited<ReturnType<typeof planNotices>>) => [
  ...new Set(notices.map(({ about }) => JSON.stringify(about?.subject))),
];
const text = (...subjects: readonly object[]) => subjects.map((one) => JSON.stringify(one));

let events: ReturnType<typeof createEvents>;
function open(sessions: Parameters<typeof createEvents>[1], names: readonly string[] = ["planner"]): void {
  events = createEvents([ticketsOnly, customersOnly], sessions);
  events.registry.rows = names.map((name) => agent(name, { owner }));
  events.epochs.set(`principal:${olga}`, raised);
}
const plan = () => planNotices(revoked("principal", olga), events.deps);

beforeEach(() => open([]));

describe("threat 32: of a revoked owner hears", () => {
  test("who protects what the owner's agents held, of those agents and not of the owner, whom they do not know", async () => {
    open([owned({ at: [tickets] })]);
    const notices = await plan();
    expect([namesOf(notices), subjectsOf(notices)]).toEqual([["tickets"], text(agentSubject(agentOf("planner")))]);
    for (const notice of notices) expect((await transmit(notice, events.deps)).kind).toBe("done");
  });

  test("who protects what hangs below them, of the owner's agent, by which the chain is known there", async () => {
    const root = owned({ at: [tickets] });
    open([root, childOf(root, { at: [customers] })]);
    const notices = await plan();
    expect(namesOf(notices)).toEqual(["customers", "tickets"]);
    expect(subjectsOf(notices)).toEqual(text(agentSubject(agentOf("planner"))));
  });

  test("of both, where the owner asked for something too; and of no agent that held nothing then", async () => {
    open([owned(), owned({ principal: { id: olga, kind: "person" } })], ["planner", "triage"]);
    const both = text(principalSubject(issuer, olga), agentSubject(agentOf("planner")));
    expect(subjectsOf(await plan())).toEqual(both);
  });

  test("nobody of sessions that were over, or opened since", async () => {
    open([owned({ expiresAtSeconds: now - 1 }), owned({ epochs: { ...under, [`principal:${olga}`]: 1 } })]);
    expect(await plan()).toEqual([]);
  });

  test("everybody of the deployment, where the owner's agents are too many to name", async () => {
    const names = Array.from({ length: limits.eventSubjects + 1 }, (_, n) => `a${n}`);
    open(
      names.map((name) => owned({ actors: [agentOf(name)] })),
      names,
    );
    const notices = await plan();
    expect(subjectsOf(notices)).toEqual(text(deploymentSubject(issuer)));
    for (const notice of notices) expect((await transmit(notice, events.deps)).kind).toBe("done");
  });
});

test("threat 23: an event about an agent that the revoked person does not own, or about everybody, is not signed", async () => {
  open([owned({ at: [tickets] })]);
  const [notice] = await plan();
  if (!notice?.about) throw new Error("nothing was planned");
  for (const subject of [agentSubject(agentOf("triage")), deploymentSubject(issuer)]) {
    const lie = { ...notice, about: { ...notice.about, subject } };
    expect((await transmit(lie, events.deps)).kind).toBe("refused");
  }
  expect(events.signed).toEqual([]);
});
