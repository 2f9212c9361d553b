import { beforeEach, describe, expect, test } from "vitest";
import { issuerMetadata } from "../../core/discovery/issuer-metadata.ts";
import { awsRole, files, rows } from "../credentials/ground.ts";
import { issuer, startSeconds } from "../kit/world/ground.ts";
import { createDeployment, type Deployment, urls } from "./deployment.ts";

let cloud: Deployment;
beforeEach(async () => {
  cloud = await createDeployment(...rows);
});

const grants = [{ resource: files, scopes: ["files:read", "files:write"] }];
const wanted = { resource: files, scopes: ["files:read"] };
const open = (renewable = true) => cloud.agent("researcher").open({ grants, renewable });

describe("session.awsCredentials", () => {
  test("answers what every client of AWS's SDK takes, for part of the session", async () => {
    const session = await open();
    const details = [{ type: "file-folder", folder: "42" }];
    const given = await session.awsCredentials({ ...wanted, details, lifetimeSeconds: 30 });
    expect(given).toEqual({
      accessKeyId: "ASIAMEMORY0000000002",
      secretAccessKey: expect.stringContaining("call2"),
      sessionToken: expect.stringContaining("of2"),
      expiration: new Date((startSeconds + 30) * 1000),
    });
    const [sent] = cloud.sentTo(urls.credentials);
    expect(Object.fromEntries(sent?.form ?? [])).toMatchObject({ resource: files, scope: "files:read" });
    expect(sent?.form.has("grant_type")).toBe(false);
  });

  test("names the role where several fit", async () => {
    const two = await createDeployment(...rows, awsRole("files-too"));
    const session = await two.agent("researcher").open({ grants, renewable: true });
    await expect(session.awsCredentials(wanted)).rejects.toMatchObject({
      description: expect.stringContaining("role"),
    });
    await session.awsCredentials({ ...wanted, role: "files-too" });
    expect(two.sentTo(urls.credentials).at(-1)?.form.get("role")).toBe("files-too");
  });

  test("is refused here, before anything is sent, for a session that has an access token alone", async () => {
    const session = await open(false);
    await expect(session.awsCredentials(wanted)).rejects.toMatchObject({ code: "session_lapsed" });
    expect(cloud.sentTo(urls.credentials)).toEqual([]);
  });

  test("throws what Lanyard refuses, by the codes of every other call", async () => {
    const session = await open();
    await expect(session.awsCredentials({ resource: files, scopes: ["files:admin"] })).rejects.toMatchObject({
      code: "scope_refused",
    });
    cloud.roleSts.failures.set("AssumeRole", { why: "refused", error: "AccessDenied: no" });
    await expect(session.awsCredentials(wanted)).rejects.toMatchObject({
      code: "access_refused",
      description: expect.stringContaining("trust policy"),
    });
  });

  test("says so where the deployment gives none: its metadata names no such endpoint", async () => {
    const { credentials: _, ...others } = urls;
    expect(issuerMetadata(issuer, others)).not.toHaveProperty("lanyard_credentials_endpoint");
    expect(issuerMetadata(issuer, urls)).toMatchObject({ lanyard_credentials_endpoint: urls.credentials });
    const session = await cloud.agent("researcher", { endpoints: others }).open({ grants, renewable: true });
    await expect(session.awsCredentials(wanted)).rejects.toMatchObject({ code: "metadata_invalid" });
  });

  test.each(["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "expires_in"])(
    "refuses an answer without %s",
    async (member) => {
      const session = await open();
      cloud.intercept.answer = ({ url }) =>
        url === urls.credentials
          ? Response.json({
              ...{ Version: 1, AccessKeyId: "A", SecretAccessKey: "s", SessionToken: "t" },
              ...{ Expiration: "2026-08-01T00:00:30Z", expires_in: 30, [member]: undefined },
            })
          : undefined;
      await expect(session.awsCredentials(wanted)).rejects.toMatchObject({ code: "answer_malformed" });
    },
  );
});
