import { beforeEach, describe, expect, test } from "vitest";
import type { TakeRole } from "../../client/agent/aws-credentials.ts";
import { ownRole } from "../../client/own-role.ts";
import { awsTokenType } from "../../core/model/wire.ts";
import { awsRole, files, roleArn, rowsWith } from "../credentials/ground.ts";
import { serveAll } from "../kit/serve.ts";
import { startSeconds } from "../kit/world/ground.ts";
import { createDeployment, type Deployment, urls } from "./deployment.ts";

let made = 0;
let fails: { readonly status: number; readonly code: string } | undefined;
/** A member that STS leaves out of its answer. */
let lacks = "";
const xmlns = "https://sts.amazonaws.com/doc/2011-06-15/";

/** Answers as STS does (its documented XML), by the deployment's clock: credentials that live as long as was asked. */
const sts = serveAll(({ body }) => {
  const headers = { "content-type": "text/xml" };
  const form = new URLSearchParams(body);
  if (fails) {
    const message = `Not with ${form.get("WebIdentityToken")}`;
    const error = `<Error><Type>Sender</Type><Code>${fails.code}</Code><Message>${message}</Message></Error>`;
    return { status: fails.status, headers, body: `<ErrorResponse xmlns="${xmlns}">${error}</ErrorResponse>` };
  }
  const members = {
    AccessKeyId: `ASIAMADE${++made}`,
    SecretAccessKey: "secret",
    SessionToken: "token",
    Expiration: new Date((startSeconds + Number(form.get("DurationSeconds"))) * 1000).toISOString(),
  };
  const given = Object.entries(members).map(([name, text]) => (name === lacks ? "" : `<${name}>${text}</${name}>`));
  const name = "AssumeRoleWithWebIdentity";
  const result = `<${name}Result><Credentials>${given.join("")}</Credentials></${name}Result>`;
  return { status: 200, headers, body: `<${name}Response xmlns="${xmlns}">${result}</${name}Response>` };
});

let cloud: Deployment;
beforeEach(async () => {
  [made, fails, lacks] = [0, undefined, ""];
  cloud = await createDeployment(...rowsWith(awsRole("files", { exclusive: true, agents: ["researcher"] })));
});

const grants = [{ resource: files, scopes: ["files:read", "files:write"] }];
const open = (more = {}) => cloud.agent("researcher").open({ grants, renewable: true, ...more });
const own = (more = {}) => ownRole({ region: "eu-west-1", endpoint: sts.origin, ...more });
const asked = () => sts.asked.map(({ body }) => Object.fromEntries(new URLSearchParams(body)));
const by = { token: "the-token", roleArn, roleSessionName: "a-session" };

describe("a role that its agent takes by itself", () => {
  test("is taken with the session's token for it, in the session's name, for the least time that STS gives", async () => {
    const session = await open();
    const given = await session.awsCredentials({ resource: files, role: "files", own: own() });
    const [order] = cloud.sentTo(urls.token).slice(-1);
    expect(Object.fromEntries(order?.form ?? [])).toMatchObject({
      ...{ requested_token_type: awsTokenType, resource: files, role: "files" },
    });
    expect(cloud.sentTo(urls.credentials)).toEqual([]);
    const [{ WebIdentityToken = "", ...rest } = {}] = asked();
    expect(rest).toEqual({
      ...{ Action: "AssumeRoleWithWebIdentity", Version: "2011-06-15", DurationSeconds: "900" },
      ...{ RoleArn: roleArn, RoleSessionName: session.sid },
    });
    const claims = JSON.parse(Buffer.from(WebIdentityToken.split(".")[1] ?? "", "base64url").toString());
    expect(claims).toMatchObject({ aud: "sts.amazonaws.com", sub: session.agent });
    expect(given).toMatchObject({ accessKeyId: "ASIAMADE1", secretAccessKey: "secret", sessionToken: "token" });
  });

  test("is asked of STS by nobody: the request bears no signature of this process", async () => {
    await own()(by);
    expect(sts.asked[0]?.headers.authorization).toBeUndefined();
  });

  test("is kept by session.aws beside a session's part of the same role, and each is fetched once", async () => {
    const session = await open();
    const take = own();
    const whole = session.aws({ resource: files, own: take });
    const part = session.aws({ resource: files });
    const keys = await Promise.all([whole(), whole(), part(), part()]);
    expect(new Set(keys.map(({ accessKeyId }) => accessKeyId)).size).toBe(2);
    expect([asked().length, cloud.sentTo(urls.credentials).length]).toEqual([1, 1]);
    expect(session.aws({ resource: files, own: take })).toBe(whole);
  });

  test("is not asked of STS once Lanyard refuses: a session that holds less, a session that has ended", async () => {
    const less = await open({ grants: [{ resource: files, scopes: ["files:read"] }] });
    await expect(less.awsCredentials({ resource: files, own: own() })).rejects.toMatchObject({ code: "scope_refused" });
    const ended = await open();
    await ended.end();
    await expect(ended.awsCredentials({ resource: files, own: own() })).rejects.toMatchObject({
      code: "session_over",
    });
    expect(asked()).toEqual([]);
  });

  test("that AWS does not give is an error that names AWS's error, and quotes neither its words nor the token", async () => {
    fails = { status: 403, code: "AccessDenied" };
    const failure = await own()(by).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({ code: "own_role_refused", description: "AccessDenied", retryable: false });
    expect(`${String(failure)} ${JSON.stringify(failure)}`).not.toContain("the-token");
  });

  test.each(["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"])("is not had without %s", async (name) => {
    lacks = name;
    await expect(own()(by)).rejects.toMatchObject({ code: "own_role_refused" });
  });

  test.each([899, 3_601, 900.5, Number.NaN])("is not asked for %d seconds", (lifetimeSeconds) => {
    expect(() => own({ lifetimeSeconds })).toThrow(RangeError);
  });

  test("is taken for as long as is asked, up to the hour", async () => {
    await own({ lifetimeSeconds: 3_600 })(by);
    expect(asked()[0]?.DurationSeconds).toBe("3600");
  });

  test.each(["aws", "access_token"])("is not asked for by an answer of the deployment without %s", async (member) => {
    const session = await open();
    cloud.intercept.answer = ({ form }) =>
      form.get("requested_token_type") === awsTokenType
        ? Response.json({
            ...{ access_token: "t", aws: { role_arn: roleArn, role_session_name: session.sid } },
            ...{ [member]: undefined },
          })
        : undefined;
    const never: TakeRole = () => expect.fail("it was asked for");
    await expect(session.awsCredentials({ resource: files, own: never })).rejects.toMatchObject({
      code: "answer_malformed",
    });
  });
});
