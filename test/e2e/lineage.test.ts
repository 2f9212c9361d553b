/** From any line of CloudTrail to the person who started it, and from the person to every call: across hops, under attack. */
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ended } from "./lineage/agents/agent.ts";
import { clientOf, credentialsOf, lower, raise, type Story, settle, tell, world } from "./lineage/ground.ts";
import { invokedCases } from "./lineage/invoked.ts";
import { refusalCases } from "./lineage/refusals.ts";
import { account, idOf, targetArn } from "./lineage/registry.ts";
import {
  auditEvents,
  byKey,
  held,
  type Line,
  lanyard,
  nodesOf,
  signed,
  type Traced,
  tampered,
  trace,
  trailLines,
} from "./lineage/trace.ts";

let ada: Story;
let namesake: Story;
let forged: { readonly key: string; readonly eventIds: readonly string[] };

/** Whose line of CloudTrail it is, as far as it is read here. */
interface Identity {
  readonly sessionContext?: { readonly sessionIssuer?: { readonly arn?: string } };
  readonly inScopeOf?: { readonly credentialsIssuedTo?: string };
}

/** Somebody with a role of the same account that lets anybody in: they open a session in another's names, and read by it. */
async function imitate(): Promise<typeof forged> {
  const { sid, root } = ada.planner;
  const arn = `arn:aws:iam::${account}:role/elsewhere`;
  const Principal = { AWS: `arn:aws:iam::${account}:root` };
  const any = { Version: "2012-10-17", Statement: { Effect: "Allow", Action: "*", Resource: "*" } };
  const trust = {
    ...any,
    Statement: { Effect: "Allow", Principal, Action: ["sts:AssumeRole", "sts:SetSourceIdentity"] },
  };
  world.cloud.addRole({ arn, trust, policies: [any] });
  const sts = new STSClient({ ...world.endpoints.aws, credentials: world.cloud.operator });
  const { Credentials: made } = await sts.send(
    new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: sid, SourceIdentity: `lyd.${root}.${sid}` }),
  );
  const key = made?.AccessKeyId ?? "";
  const credentials = {
    ...{ accessKeyId: key, secretAccessKey: made?.SecretAccessKey ?? "", sessionToken: made?.SessionToken ?? "" },
  };
  const s3 = clientOf(S3Client, credentials);
  expect(await ended(s3.send(new GetObjectCommand({ Bucket: "tickets", Key: "b/1" })))).toBe("ok");
  world.cloud.trail?.flush();
  const lines = trailLines().filter((line) => (line.userIdentity as { accessKeyId?: string }).accessKeyId === key);
  return { key, eventIds: lines.map(({ eventID }) => String(eventID)) };
}

beforeAll(async () => {
  await raise();
  ada = await tell("people");
  namesake = await tell("others");
  await settle(...[ada, namesake].flatMap(({ planner, desk, archivist }) => [planner.sid, desk.sid, archivist.sid]));
  forged = await imitate();
});
afterAll(lower);

const stories = (): readonly Story[] => [ada, namesake];
const linesOf = (node: Traced): readonly Line[] => node.calls.map(({ line }) => line);

describe("three agents, a Lambda hop and a message in a queue", () => {
  it("run in functions of their team's own stack, each under its own role, which may attest and read no file", async () => {
    const roleOf = (name: string) => `arn:aws:iam::${account}:role/agents/${name}`;
    const made = (name: string) => world.cloud.calls().filter(({ roleArn }) => roleArn === roleOf(name));
    for (const name of ["desk", "archivist"])
      expect(new Set(made(name).map(({ service, operation }) => `${service}:${operation}`))).toEqual(
        new Set(["sts:GetWebIdentityToken"]),
      );
    // what it sends is the planner's own doing, and none of the team takes it from the queue but the mapping
    expect(made("planner").map(({ operation }) => operation)).toContain("SendMessage");
    const received = world.cloud.calls().filter(({ operation }) => operation === "ReceiveMessage");
    expect(received.filter(({ roleArn }) => roleArn.includes(":role/agents/"))).toEqual([]);
    const proved = trailLines().filter(({ eventName }) => eventName === "GetWebIdentityToken");
    const functionsOf = (name: string) =>
      proved.flatMap(({ userIdentity }) => {
        const { sessionContext, inScopeOf } = userIdentity as Identity;
        return sessionContext?.sessionIssuer?.arn === roleOf(name) ? [inScopeOf?.credentialsIssuedTo ?? ""] : [];
      });
    for (const name of ["desk", "archivist"]) {
      expect(functionsOf(name).length).toBeGreaterThan(0);
      for (const arn of functionsOf(name)) expect(arn).toContain(`:function:Agents-${name}`);
      const s3 = clientOf(S3Client, credentialsOf(name));
      expect(await ended(s3.send(new GetObjectCommand({ Bucket: "tickets", Key: "a/1" })))).toBe("AccessDenied");
    }
  });

  it("reach at AWS what each session may, and nothing beside it", () => {
    for (const { ends } of stories()) {
      expect(ends.planner).toEqual(["ok", "AccessDenied"]);
      expect(ends.archivist).toEqual(["ok", "AccessDenied"]);
      expect(ends.desk).toEqual(["ok", "AccessDeniedException"]);
    }
  });

  it("are one tree: the desk by the token it was shown, the archivist by the offer in its message", async () => {
    const { roots } = await trace("session", ada.archivist.sid);
    expect(roots.map(({ sid, agent, principal }) => [sid, agent, principal])).toEqual([
      [ada.planner.sid, idOf("planner"), ada.planner.principal],
    ]);
    expect(roots[0]?.children.map(({ sid, agent }) => `${agent} ${sid}`).sort()).toEqual(
      [`${idOf("desk")} ${ada.desk.sid}`, `${idOf("archivist")} ${ada.archivist.sid}`].sort(),
    );
  });

  it("are traced forward from the person to every line: 0 unmatched, 0 extra", async ({ annotate }) => {
    const { roots } = await trace("principal", ada.planner.principal);
    const nodes = roots.flatMap(nodesOf);
    const sums = nodes.map(held);
    const count = (of: "unmatched" | "extra") => sums.reduce((sum, each) => sum + each[of].length, 0);
    const calls = nodes.flatMap(linesOf).length;
    await annotate(
      `${calls} lines of ${nodes.length} sessions: ${count("unmatched")} unmatched, ${count("extra")} extra`,
    );
    expect(sums).toEqual(nodes.map(() => ({ unmatched: [], extra: [] })));
    expect(nodes.map(({ sid }) => sid).sort()).toEqual([ada.planner.sid, ada.desk.sid, ada.archivist.sid].sort());
    for (const node of nodes) {
      const vends = node.calls.filter(({ by }) => by === "vend").map(({ line }) => line.name);
      expect(vends.sort()).toEqual(["AssumeRole"]);
      const signs = node.calls.flatMap(({ by, line }) => (by === "sign" ? [line.requestId ?? ""] : []));
      expect(signs.sort()).toEqual(signed(node.sid).sort());
    }
  });

  it("are traced from each line back to the person", async ({ annotate }) => {
    const { roots } = await trace("session", ada.planner.sid);
    const lines = roots.flatMap(nodesOf).flatMap((node) => byKey(node).map((line) => [node, line] as const));
    for (const [{ sid }, { eventId }] of lines) {
      const { chain } = await trace("event", eventId);
      expect(chain[0]).toContain(`session ${sid}`);
      expect(chain.at(-1)).toBe(`for     ${ada.planner.principal}`);
    }
    await annotate(`${lines.length} lines, each to its session and to the person`);
    const made = lines.map(([, { source, name, error }]) => `${source.split(".")[0]}:${name}${error ? " denied" : ""}`);
    for (const one of ["s3:GetObject", "s3:GetObject denied", "dynamodb:PutItem", "dynamodb:PutItem denied"])
      expect(made).toContain(one);
  });

  it("leave no line of CloudTrail under credentials of ours that no session answers for", async ({ annotate }) => {
    const nodes = await Promise.all(stories().map(({ planner }) => trace("session", planner.sid)));
    const known = new Set(
      nodes
        .flatMap(({ roots }) => roots.flatMap(nodesOf))
        .flatMap((node) => linesOf(node).map(({ eventId }) => eventId)),
    );
    const roleOf = (line: Record<string, unknown>) =>
      (line.userIdentity as Identity).sessionContext?.sessionIssuer?.arn ?? "";
    const ours = trailLines().filter((line) => roleOf(line).includes(":role/lanyard/target/"));
    const strays = ours.filter(({ eventID }) => !known.has(String(eventID)));
    await annotate(`${ours.length} lines under target roles, ${strays.length} without a session`);
    expect(ours.length).toBeGreaterThan(10);
    expect(strays).toEqual([]);
  });
});

describe("threat 21: nothing confuses the trace", () => {
  it("two people with one `sub` at two issuers are two principals, each with their own lines", async () => {
    expect(ada.planner.principal).not.toBe(namesake.planner.principal);
    for (const { planner, desk, archivist } of stories()) {
      const { roots } = await trace("principal", planner.principal);
      expect(
        roots
          .flatMap(nodesOf)
          .map(({ sid }) => sid)
          .sort(),
      ).toEqual([planner.sid, desk.sid, archivist.sid].sort());
      for (const node of roots.flatMap(nodesOf)) expect(held(node)).toEqual({ unmatched: [], extra: [] });
    }
  });

  it("two agents on one role keep apart what each did", async () => {
    const { roots } = await trace("session", ada.planner.sid);
    const of = (sid: string) => roots.flatMap(nodesOf).find((node) => node.sid === sid);
    const [planner, archivist] = [of(ada.planner.sid), of(ada.archivist.sid)].map((node) =>
      node === undefined ? [] : byKey(node),
    );
    for (const lines of [planner, archivist]) {
      expect(new Set(lines?.map(({ roleArn }) => roleArn))).toEqual(new Set([targetArn("Files")]));
      expect(lines?.filter(({ source }) => source === "s3.amazonaws.com")).toHaveLength(2);
    }
    expect(planner?.filter(({ eventId }) => archivist?.some((line) => line.eventId === eventId))).toEqual([]);
  });

  it("a session's name and SourceIdentity, set by another role, are told as a claim and join nothing", async () => {
    expect(forged.eventIds.length).toBeGreaterThan(0);
    const { roots, notes } = await trace("session", ada.planner.sid);
    const traced = roots
      .flatMap(nodesOf)
      .flatMap(linesOf)
      .map(({ eventId }) => eventId);
    expect(traced.filter((id) => forged.eventIds.includes(id))).toEqual([]);
    expect(notes.join("\n")).toContain("NOT OURS");
    for (const id of forged.eventIds)
      expect(await lanyard("trace", "event", id)).toMatchObject({
        code: 1,
        err: expect.stringContaining("nothing of ours"),
      });
    expect((await lanyard("trace", "key", forged.key)).code).toBe(1);
  });

  it("the target role itself lets nobody take a session's name but the deployment's own function", async () => {
    const sts = new STSClient({ ...world.endpoints.aws, credentials: world.cloud.operator });
    const { sid, root } = ada.planner;
    const Tags = [
      ["session", sid],
      ["tree", root],
      ["agent", idOf("planner")],
      ["principal", ada.planner.principal],
    ].map(([name, Value]) => ({ Key: `lanyard-${name}`, Value }));
    const asked = {
      ...{ RoleArn: targetArn("Files"), RoleSessionName: sid, SourceIdentity: `lyd.${root}.${sid}`, Tags },
      ...{ ExternalId: "lanyard.local/local", TransitiveTagKeys: Tags.map(({ Key }) => Key) },
    };
    expect(await ended(sts.send(new AssumeRoleCommand(asked)))).toBe("AccessDenied");
  });

  it("a record and a line that come again change nothing; told otherwise, they count for nobody", async () => {
    const vend = auditEvents().find(
      ({ unmapped: { lanyard: facts } }) => facts.operation === "credentials.vend" && facts.sid === ada.planner.sid,
    );
    const line = trailLines().find(
      ({ eventName, userIdentity, requestParameters }) =>
        eventName === "GetObject" &&
        JSON.stringify(userIdentity).includes(ada.planner.sid) &&
        JSON.stringify(requestParameters).includes("a/1"),
    );
    if (vend === undefined || line === undefined) throw new Error("nothing to replay");
    const before = await trace("session", ada.planner.sid);
    const same = await trace(
      "session",
      ada.planner.sid,
      ...tampered("again", { records: [vend], lines: [line, line] }),
    );
    expect(same.roots).toEqual(before.roots);
    // the same record under another session and another name: whoever could write it would take the calls over
    const { lanyard: facts } = vend.unmapped;
    const stolen = {
      ...vend,
      metadata: { ...vend.metadata, uid: "replayed" },
      unmapped: { lanyard: { ...facts, sid: namesake.planner.sid, root: namesake.planner.root } },
    };
    const options = tampered("stolen", { records: [stolen] });
    for (const { planner } of stories()) {
      const { roots, notes } = await trace("session", planner.sid, ...options);
      expect(notes.join("\n")).toContain("DISPUTED");
      const taken = new Set(before.roots.flatMap(linesOf).map(({ eventId }) => eventId));
      const mine = roots.flatMap(nodesOf).find(({ sid }) => sid === planner.sid);
      expect(mine && byKey(mine).filter(({ eventId }) => taken.has(eventId))).toEqual([]);
    }
    const twisted = await trace(
      "session",
      ada.planner.sid,
      ...tampered("twisted", { lines: [{ ...line, requestID: "another" }] }),
    );
    expect(twisted.notes.join("\n")).toContain(`DISPUTED  ${String(line.eventID)}`);
  });
});

invokedCases(() => ada);
refusalCases(stories);
