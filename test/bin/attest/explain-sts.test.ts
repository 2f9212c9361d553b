import { describe, expect, it, vi } from "vitest";
import { limits } from "../../../core/model/limits.ts";
import { callerArn, callerEvidence, callerIssuer, callerNow, xmlAnswer } from "../../kit/evidence/caller-identity.ts";
import { at, explain, settings, setUp } from "./explained.ts";

setUp();

describe("a signed GetCallerIdentity request", () => {
  const bound = { issuer: callerIssuer, challenge: "c-1", jkt: "k-1" };
  const evaluated = (evidence: object, ...more: string[]) =>
    explain(evidence, ...at(callerNow), ...settings(bound), ...more);
  const stsAnswers = (answer: () => Promise<Response>) => vi.spyOn(globalThis, "fetch").mockImplementation(answer);
  const yes = async () => new Response(Buffer.from(xmlAnswer().body), { headers: { "content-type": "text/xml" } });

  it("is sent nowhere unless it is asked for, and then proves nothing", async () => {
    const asked = stsAnswers(yes);
    const { told, code } = await evaluated(callerEvidence());
    expect(asked).not.toHaveBeenCalled();
    expect([code, told.accepted, told.assurance]).toEqual([1, false, null]);
    expect(told.checks.every((check) => check.ok)).toBe(true);
    expect(told.checks.map(({ name }) => name)).toEqual(expect.arrayContaining(["host", "challenge", "jkt", "issuer"]));
  });

  it("--online: is sent once, to that Region's STS alone, with no redirect followed", async () => {
    const asked = stsAnswers(yes);
    const { told, code } = await evaluated(callerEvidence(), "--online");
    expect([code, told.accepted, told.assurance]).toEqual([0, true, "fresh"]);
    expect(told.facts).toMatchObject({ account: "123456789012", roleId: "AROAIIRR6I5NDJBWMIRQQ" });
    expect(asked).toHaveBeenCalledOnce();
    const [url, init] = asked.mock.calls[0] ?? [];
    expect(url).toBe("https://sts.eu-west-1.amazonaws.com/");
    expect(init).toMatchObject({
      method: "POST",
      redirect: "error",
      body: "Action=GetCallerIdentity&Version=2011-06-15",
    });
  });

  it.each<[string, Parameters<typeof callerEvidence>[0], string]>([
    ["another host", { more: { endpoint: "evil.example" } }, "host"],
    ["a Region that is none", { region: "evil.example/" }, "host"],
    ["an undocumented member", { more: { url: "https://evil.example" } }, "shape"],
    ["another challenge", { headers: { "lanyard-challenge": "c-2" } }, "challenge"],
    ["an old signature", { date: "20260731T235000Z" }, "time"],
    [
      "an unsigned challenge",
      { signedHeaders: "content-type;host;lanyard-issuer;lanyard-jkt;x-amz-date" },
      "signed-headers",
    ],
  ])("--online: with %s is not sent at all", async (_case, changes, failed) => {
    const asked = stsAnswers(yes);
    const { told, code } = await evaluated(callerEvidence(changes), "--online");
    expect([code, told.accepted]).toEqual([1, false]);
    expect(asked).not.toHaveBeenCalled();
    expect(told.checks.at(-1)).toMatchObject({ name: failed, ok: false });
  });

  it.each<[string, () => Promise<Response>]>([
    [
      "refuses it",
      async () => new Response("<ErrorResponse/>", { status: 403, headers: { "content-type": "text/xml" } }),
    ],
    ["redirects", () => Promise.reject(new TypeError("unexpected redirect"))],
    ["cannot be reached", () => Promise.reject(new TypeError("fetch failed"))],
    ["answers without end", async () => new Response("x".repeat(limits.stsAnswerBytes + 1))],
    ["names a user", async () => new Response(Buffer.from(xmlAnswer("arn:aws:iam::123456789012:user/x").body))],
  ])("--online: is refused when STS %s", async (_case, answer) => {
    stsAnswers(answer);
    const { told, code, failed } = await evaluated(callerEvidence(), "--online");
    expect([code, told.accepted]).toEqual([1, false]);
    expect(failed).toBeDefined();
  });

  it("without settings, says that nothing ties it to a request of ours", async () => {
    stsAnswers(yes);
    const { told } = await explain(callerEvidence(), ...at(callerNow), "--online");
    expect(told).toMatchObject({ accepted: true, assurance: "document" });
    expect(told.checks.map(({ name }) => name)).not.toContain("challenge");
  });

  it("ecs-task: is never accepted here, since only a deployment can ask ECS", async () => {
    const arn = callerArn.replace("planner-session", "0123456789abcdef0123456789abcdef");
    const id = "AROAIIRR6I5NDJBWMIRQQ:0123456789abcdef0123456789abcdef";
    stsAnswers(
      async () => new Response(Buffer.from(xmlAnswer(arn, id).body), { headers: { "content-type": "text/xml" } }),
    );
    const task = { ...callerEvidence(), type: "ecs-task", cluster: "agents" };
    const { told, code } = await evaluated(task, "--online");
    expect([code, told.type, told.accepted]).toEqual([1, "ecs-task", false]);
    expect(told.checks.find(({ name }) => name === "task-id")?.ok).toBe(true);
    const { type: _, ...untyped } = task;
    expect((await evaluated(untyped)).told.type).toBe("ecs-task");
  });
});
