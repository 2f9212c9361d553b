import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pythonProgram } from "../../../scripts/python/find.ts";
import { openPythonDesk, type PythonDesk } from "./python/ground.ts";
import type { Told } from "./python/told.ts";

const python = await pythonProgram(10);
let desk: PythonDesk | undefined;
const steps = new Map<string, Told>();
beforeAll(async () => {
  if (python === undefined) return;
  desk = await openPythonDesk(python);
  if (!desk) return;
  const { code, steps: told, said } = await desk.tell();
  for (const step of told) steps.set(step.step, step);
  // a step that is missing fails its own case; what the program said is told once
  if (code !== 0) throw new Error(said);
});
afterAll(() => desk?.close());
beforeEach(({ skip }) => skip(!desk, "Python 3.10 or newer, or pip's index, is missing here; CI has them"));

describe("reach by Python: the built package in an empty environment, against the cloud", () => {
  it("the package is what its user expects: typed, licensed, of two dependencies", async () => {
    expect(await desk?.installed()).toEqual({ code: 0, out: "installed: ok\n" });
  });

  it("agents attest by STS web identity and by caller identity", () => {
    expect(steps.get("attest")).toEqual({ step: "attest", planner: "fresh", researcher: "fresh" });
  });

  it("a session is opened for a person, and a FastAPI server lets its agent in with a proof and a nonce", () => {
    const { planner } = desk?.world.endpoints.agents ?? {};
    expect(steps.get("open")).toMatchObject({ agent: planner?.id, offered_by: null });
    expect(steps.get("call")).toMatchObject({ status: 200, body: { ticket: "T-1", by: planner?.id } });
    expect(steps.get("async")).toMatchObject({ status: 200, body: { ticket: "T-2" } });
  });

  it("a request without a token hears the challenge that the TypeScript guard gives", () => {
    const metadata = "https://tickets.support-desk.example/.well-known/oauth-protected-resource";
    const algs = "ES256 ES384 Ed25519 EdDSA RS256 PS256";
    const challenge = `DPoP scope="tickets:read", resource_metadata="${metadata}", algs="${algs}"`;
    expect(steps.get("bare")).toEqual({ step: "bare", status: 401, body: null, challenge });
  });

  it("threat 43: an address outside the resource gets no token", () => {
    expect(steps.get("outside")).toMatchObject({ code: "outside_resource" });
  });

  it("the server goes on with the token it was shown, as itself and for the same person", () => {
    const { "ticket-api": api } = desk?.world.endpoints.agents ?? {};
    const principal = steps.get("open")?.principal;
    const body = { principal, by: api?.id, scopes: ["customers:read"] };
    expect(steps.get("hop")).toMatchObject({ status: 200, body });
  });

  it("an offer is redeemed by whom it names, restricted as offered, and never for a principal nobody expects", () => {
    const { planner } = desk?.world.endpoints.agents ?? {};
    expect(steps.get("redeem")).toMatchObject({ sid: true, root: true, offered_by: planner?.id });
    expect(steps.get("unexpected")).toMatchObject({ code: "offer_unexpected" });
    expect(steps.get("restricted")).toMatchObject({ status: 200 });
    expect(steps.get("beyond")).toMatchObject({ status: 403, body: { error: "insufficient_scope" } });
    expect(steps.get("scope")).toMatchObject({ code: "scope_refused" });
  });

  it("a session is renewed, and gives botocore credentials of the registered role in its name", () => {
    expect(steps.get("renew")).toMatchObject({ later: true });
    expect(steps.get("aws")?.arn).toMatch(/assumed-role\/trail-reader\//);
  });

  it("ended, nothing is handed out any more, and a child's call is refused within seconds", () => {
    expect(steps.get("over")).toMatchObject({ code: "session_over" });
    expect(steps.get("vended")).toMatchObject({ code: "session_over" });
    expect(steps.get("revoked")).toMatchObject({ status: 401, body: { error: "invalid_token" } });
    expect(steps.get("ended")).toMatchObject({ code: "request_refused" });
  });

  it("an agent waits for people, blocking and awaited: what one approves is released at once, what one refuses is not", async () => {
    const { code, steps: told, said } = (await desk?.askPeople()) ?? expect.fail("no desk");
    expect(code, said).toBe(0);
    const [unasked, waiting, opened, second, refused] = told;
    expect(unasked).toMatchObject({ code: "approval_pending", error: "authorization_pending", id: waiting?.id });
    expect(waiting).toMatchObject({ step: "waiting", id: expect.stringMatching(/^ap_/) });
    const agent = desk?.world.endpoints.agents.deployer?.id;
    expect(opened).toEqual({ step: "opened", scopes: ["production:deploy"], agent });
    expect(second?.id).not.toBe(waiting?.id);
    expect(refused).toMatchObject({ step: "refused", code: "access_refused", error: "access_denied" });
  });

  it("examples/fastapi runs as its page says: a server, and an agent on its own account", async () => {
    const { code, out } = (await desk?.example("42")) ?? expect.fail("no desk");
    const by = desk?.world.endpoints.agents.researcher?.id;
    expect(code, out).toBe(0);
    expect(JSON.parse(out)).toEqual({ status: 200, ticket: "42", by });
  });
});
