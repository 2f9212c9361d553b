import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { beforeEach, describe, expect, test } from "vitest";
import type { AgentSession } from "../../client/agent/session.ts";
import { LanyardError } from "../../client/error.ts";
import { files, rows } from "../credentials/ground.ts";
import { serveAll } from "../kit/serve.ts";
import { createDeployment, type Deployment, urls } from "./deployment.ts";

/** An S3 that has every object. */
const s3 = serveAll(() => ({ body: "content" }));

let cloud: Deployment;
beforeEach(async () => {
  cloud = await createDeployment(...rows);
});

const wanted = { resource: files, scopes: ["files:read"] };
const open = (lifetimeSeconds = 900): Promise<AgentSession> =>
  cloud.agent("researcher").open({
    grants: [{ resource: files, scopes: ["files:read", "files:write"] }],
    renewable: true,
    lifetimeSeconds,
  });
const vends = () => cloud.sentTo(urls.credentials).length;
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: unknown) => (error instanceof LanyardError ? error.code : String(error)),
  );
/** Answers instead of the credentials endpoint. */
const instead = (answer: () => Response) => {
  cloud.intercept.answer = ({ url }) => (url === urls.credentials ? answer() : undefined);
};

describe("session.aws", () => {
  test("vends three times at most for a thousand calls in a minute, and each vend is on record", async () => {
    const session = await open();
    const credentials = session.aws(wanted);
    const keys = new Set<string>();
    for (let second = 0; second < 60; second++) {
      const given = await Promise.all(Array.from({ length: 17 }, credentials));
      for (const { accessKeyId } of given) keys.add(accessKeyId);
      cloud.time.seconds += 1;
    }
    await expect.poll(vends).toBeGreaterThan(1);
    expect(vends()).toBeLessThanOrEqual(3);
    expect(keys.size).toBeLessThanOrEqual(3);
    const records = cloud.store.records.filter(({ body }) => body.includes('"credentials.vend"'));
    expect(records).toHaveLength(vends());
  });

  test("serves AWS's own client, which asks before each request since the end is near", async () => {
    const session = await open();
    const client = new S3Client({
      ...{ region: "eu-west-1", endpoint: s3.origin, forcePathStyle: true },
      credentials: session.aws(wanted),
    });
    const signers = () =>
      s3.asked.map(({ headers }) => /Credential=(\w+)\//.exec(headers.authorization ?? "")?.[1] ?? "nobody");
    const get = () => client.send(new GetObjectCommand({ Bucket: "team-files", Key: "cases/42" }));
    await Promise.all(Array.from({ length: 20 }, get));
    for (let call = 0; call < 20; call++) await get();
    expect([signers().length, new Set(signers()).size, vends()]).toEqual([40, 1, 1]);
    cloud.time.seconds += 31;
    await get();
    await expect.poll(vends).toBe(2);
    await get();
    expect(new Set(signers()).size).toBe(2);
    await session.end();
    await expect(get()).rejects.toMatchObject({ code: "session_over" });
  });

  test("gives those who want the same one provider, and others their own", async () => {
    const session = await open();
    expect(session.aws(wanted)).toBe(session.aws({ scopes: ["files:read"], resource: files }));
    const others = [{ resource: files }, { ...wanted, lifetimeSeconds: 30 }, { ...wanted, role: "files" }];
    expect(new Set([wanted, ...others].map((wish) => session.aws(wish))).size).toBe(4);
    await Promise.all([session.aws(wanted)(), session.aws(wanted)(), session.aws({ resource: files })()]);
    expect(vends()).toBe(2);
    // asked at the same time: either may arrive first
    const asked = cloud.sentTo(urls.credentials).map(({ form }) => form.get("scope"));
    expect(new Set(asked)).toEqual(new Set(["files:read", null]));
  });

  test("measures a life from the asking on: whatever time the answer says, and whatever this machine's clock", async () => {
    const session = await open();
    instead(() =>
      Response.json({
        ...{ Version: 1, AccessKeyId: `ASIA${vends()}`, SecretAccessKey: "s", SessionToken: "t" },
        ...{ Expiration: "2099-01-01T00:00:00Z", expires_in: 60 },
      }),
    );
    const first = await session.aws(wanted)();
    expect(first.expiration.getTime()).toBe((cloud.time.seconds + 60) * 1000);
    cloud.time.seconds += 61;
    expect((await session.aws(wanted)()).accessKeyId).not.toBe(first.accessKeyId);
  });
});

describe("session.aws, when a renewal fails", () => {
  test.each<[string, () => Response]>([
    ["503", () => Response.json({ error: "temporarily_unavailable" }, { status: 503 })],
    ["429", () => Response.json({ error: "slow_down" }, { status: 429 })],
    ["the platform's own words", () => new Response("Service Unavailable", { status: 502 })],
    ["something else's page", () => new Response("<html>")],
  ])("by %s breaks no call while the credentials live, and then tells it", async (_, answer) => {
    const session = await open();
    const credentials = session.aws(wanted);
    const { accessKeyId } = await credentials();
    instead(answer);
    for (let second = 0; second < 49; second++) {
      cloud.time.seconds += 1;
      expect((await credentials()).accessKeyId).toBe(accessKeyId);
    }
    cloud.time.seconds += 12;
    expect(await codeOf(credentials())).toMatch(/^(?:unavailable|rate_limited|answer_malformed)$/);
    cloud.intercept.answer = undefined;
    cloud.time.seconds += 2;
    expect(await codeOf(credentials())).toBe("done");
  });

  test("threat 10: since the session was ended elsewhere tells it at once, though the credentials would live", async () => {
    const session = await open();
    const credentials = session.aws(wanted);
    await credentials();
    const { token } = await session.accessToken(files);
    await session.revoke({ token });
    cloud.time.seconds += 31;
    await codeOf(credentials());
    await expect.poll(() => codeOf(credentials())).toBe("request_refused");
  });

  test("threat 10: nothing is given, kept or asked for once the session is ended here, or has come to its end", async () => {
    const session = await open(60);
    const credentials = session.aws(wanted);
    await credentials();
    const asked = vends();
    cloud.time.seconds += 61;
    expect(await codeOf(credentials())).toBe("session_over");
    const other = await open();
    await other.aws(wanted)();
    await other.end();
    expect(await codeOf(other.aws(wanted)())).toBe("session_over");
    expect(vends()).toBe(asked + 1);
  });

  test("is not tried where the session ends with what is in hand: that is used to its end", async () => {
    const session = await open(60);
    const credentials = session.aws(wanted);
    const { accessKeyId } = await credentials();
    for (let second = 0; second < 49; second++) {
      cloud.time.seconds += 1;
      expect((await credentials()).accessKeyId).toBe(accessKeyId);
    }
    // goes the same way, and later
    await session.accessToken(files, { scopes: ["files:read"] });
    expect(vends()).toBe(1);
  });

  test("asks nobody for a session that has an access token alone", async () => {
    const session = await cloud.agent("researcher").open({ grants: [wanted] });
    expect(await codeOf(session.aws(wanted)())).toBe("session_lapsed");
    expect(vends()).toBe(0);
  });
});
