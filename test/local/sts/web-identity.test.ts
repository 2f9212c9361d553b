import {
  AssumeRoleWithWebIdentityCommand,
  type AssumeRoleWithWebIdentityCommandInput,
  GetWebIdentityTokenCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NewRole } from "../../../local/emulator/iam/roles.ts";
import {
  allow,
  assume,
  away,
  cloud,
  document,
  home,
  outcome,
  reach,
  role,
  setUp,
  somebody,
  sts,
  taken,
  trusting,
  variable,
  whoIs,
} from "./ground.ts";
import { type Issuer, startIssuer } from "./issuer.ts";

setUp();

const audience = "sts.amazonaws.com";
const everything = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"];
let [issuer, other]: (Issuer | undefined)[] = [];
let provider: string;

beforeAll(async () => {
  [issuer, other] = [await startIssuer(), await startIssuer()];
  provider = cloud.addIdentityProvider(home, { url: issuer.url, clientIds: [audience, "second"] });
});
afterAll(async () => {
  await issuer?.close();
  await other?.close();
});

const ours = (): Issuer => issuer as Issuer;
const name = (key: string) => `${ours().url.replace("http://", "")}:${key}`;
const federated = (Condition: object = {}, Action: string | string[] = everything) => ({
  Effect: "Allow",
  Principal: { Federated: provider },
  Action,
  Condition,
});
const open = (more: Partial<NewRole> = {}) => role([federated()], more);

const show = (token: string, RoleArn: string, more: Partial<AssumeRoleWithWebIdentityCommandInput> = {}) =>
  new STSClient({ endpoint: cloud.aws.endpoint, region: cloud.aws.region, maxAttempts: 1 }).send(
    new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: "s-1", WebIdentityToken: token, ...more }),
  );

const tags = (principal_tags: object, transitive_tag_keys: string[] = []) => ({
  "https://aws.amazon.com/tags": { principal_tags, transitive_tag_keys },
});

describe("the session of a role for a token", () => {
  it.each(["ES256", "RS256"] as const)("is opened without any signature of AWS's, for a token by %s", async (alg) => {
    const arn = open();
    const answer = await show(ours().token({}, { alg }), arn, { DurationSeconds: 900 });
    expect(answer).toMatchObject({
      SubjectFromWebIdentityToken: "agent-a",
      Audience: audience,
      Provider: ours().url,
      AssumedRoleUser: { AssumedRoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}:s-1$/) },
    });
    const made = taken(answer);
    expect(await whoIs(made)).toMatchObject({ Arn: answer.AssumedRoleUser?.Arn });
    expect(await reach(made)).toEqual({ read: "ok", write: "ok" });
  });

  it("lives as long as the role allows, since it is no chain", async () => {
    const long = open({ maxSessionSeconds: 7_200 });
    expect(await outcome(show(ours().token({}), long, { DurationSeconds: 7_200 }))).toBe("ok");
    expect(await outcome(show(ours().token({}), long, { DurationSeconds: 7_201 }))).toBe("ValidationError");
    expect(await outcome(show(ours().token({}), open(), { DurationSeconds: 3_601 }))).toBe("ValidationError");
  });

  it.each<[string, (token: Issuer["token"]) => string, string]>([
    ["no token at all", () => "none", "InvalidIdentityTokenException"],
    ["another audience", (token) => token({ aud: "https://id.example" }), "InvalidIdentityTokenException"],
    [
      "an authorized party that is no audience of the provider",
      (token) => token({ azp: "x" }),
      "InvalidIdentityTokenException",
    ],
    ["no subject", (token) => token({ sub: undefined }), "InvalidIdentityTokenException"],
    ["no moment of issue", (token) => token({ iat: undefined }), "InvalidIdentityTokenException"],
    ["an end that passed", (token) => token({ exp: 1 }), "ExpiredTokenException"],
    [
      "an issue in the future",
      (token) => token({ iat: 9_000_000_000, exp: 9_000_000_100 }),
      "InvalidIdentityTokenException",
    ],
    [
      "another's key under the issuer's name",
      (token) => token({}, { by: (other as Issuer).keys }),
      "InvalidIdentityTokenException",
    ],
    ["an issuer that the account does not know", () => (other as Issuer).token({}), "InvalidIdentityTokenException"],
    [
      "an issuer's name with a slash more",
      (token) => token({ iss: `${ours().url}/` }),
      "InvalidIdentityTokenException",
    ],
    ["a changed claim", (token) => changed(token({ sub: "agent-b" })), "InvalidIdentityTokenException"],
    ["an algorithm of none", (token) => unsigned(token({})), "InvalidIdentityTokenException"],
    ["tags with two values", (token) => token(tags({ team: ["a", "b"] })), "InvalidIdentityTokenException"],
    [
      "a source identity with a colon",
      (token) => token({ "https://aws.amazon.com/source_identity": "a:b" }),
      "InvalidIdentityTokenException",
    ],
  ])("is refused for a token with %s", async (_name, make, code) => {
    expect(await outcome(show(make(ours().token), open()))).toBe(code);
  });

  it("is to be tried again while the issuer cannot be reached", async () => {
    ours().down(true);
    expect(await outcome(show(ours().token({}), open()))).toBe("IDPCommunicationErrorException");
    ours().down(false);
    expect(await outcome(show(ours().token({}), open()))).toBe("ok");
  });

  it("asks no address beyond this machine", async () => {
    const url = "https://id.example";
    cloud.addIdentityProvider(home, { url, clientIds: [audience] });
    expect(await outcome(show(ours().token({ iss: url }), open()))).toBe("IDPCommunicationErrorException");
  });

  it("threat 4: is opened for no token of the account's own documents", async () => {
    cloud.addIdentityProvider(home, { url: cloud.stsIssuer, clientIds: [audience] });
    const asking = new GetWebIdentityTokenCommand({ Audience: [audience], SigningAlgorithm: "RS256" });
    const { WebIdentityToken = "" } = await sts(somebody([allow("*")])).send(asking);
    expect(await outcome(show(WebIdentityToken, open()))).toBe("InvalidIdentityTokenException");
  });

  it("is for roles of the provider's own account alone", async () => {
    const foreign = role([federated()], {}, away);
    expect(await outcome(show(ours().token({}), foreign))).toBe("InvalidIdentityTokenException");
    const trustedByAccount = role([trusting(`arn:aws:iam::${home}:root`, everything)]);
    expect(await outcome(show(ours().token({}), trustedByAccount))).toBe("AccessDenied");
  });

  it("is not opened by AssumeRole, nor an AssumeRole smuggled in without signature", async () => {
    const caller = somebody([allow("*")]);
    expect(await outcome(assume(caller, open()))).toBe("AccessDenied");
    const body = `Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=${open()}&RoleSessionName=s-1&Action=AssumeRole`;
    const answer = await fetch(cloud.aws.endpoint, { method: "POST", body });
    expect([answer.status >= 400, await answer.text()]).toEqual([true, expect.not.stringContaining("SecretAccessKey")]);
  });
});

describe("what the token says", () => {
  it("threat 21: is what the trust policy decides by: subject, audience, session, tags, source identity", async () => {
    const arn = role([
      federated(
        {
          StringEquals: {
            [name("aud")]: audience,
            [name("sub")]: "agent-a",
            "sts:RoleSessionName": variable("aws:RequestTag/session"),
            "sts:SourceIdentity": variable("aws:RequestTag/tree"),
          },
        },
        "sts:AssumeRoleWithWebIdentity",
      ),
      federated(
        {
          StringEquals: { [name("sub")]: "agent-a" },
          "ForAllValues:StringEquals": { "aws:TagKeys": ["session", "tree"] },
        },
        "sts:TagSession",
      ),
      federated({ StringEquals: { [name("sub")]: "agent-a" } }, "sts:SetSourceIdentity"),
    ]);
    const claims = (changes: object = {}, source = "t-1") => ({
      ...tags({ session: ["s-1"], tree: "t-1", ...changes }),
      "https://aws.amazon.com/source_identity": source,
    });
    const right = await show(ours().token(claims()), arn);
    expect(right.SourceIdentity).toBe("t-1");
    expect(await outcome(show(ours().token(claims()), arn, { RoleSessionName: "s-2" }))).toBe("AccessDenied");
    expect(await outcome(show(ours().token(claims({}, "t-2")), arn))).toBe("AccessDenied");
    expect(await outcome(show(ours().token(claims({ admin: "yes" })), arn))).toBe("AccessDenied");
    expect(await outcome(show(ours().token({ ...claims(), sub: "agent-b" }), arn))).toBe("AccessDenied");
    expect(await outcome(show(ours().token({ ...claims(), aud: "second" }), arn))).toBe("AccessDenied");
    expect(await outcome(show(ours().token({}), arn))).toBe("AccessDenied");
  });

  it("counts in the session: its tags in both forms, its subject, its provider", async () => {
    const flattened = { "https://aws.amazon.com/tags/principal_tags/team": "blue" };
    const reading = (Condition: object) =>
      open({ policies: [document(allow("dynamodb:GetItem", "*", { Condition: { StringEquals: Condition } }))] });
    const read = async (claims: object, Condition: object) =>
      (await reach(taken(await show(ours().token(claims), reading(Condition))))).read;
    expect(await read(tags({ team: ["blue"] }), { "aws:PrincipalTag/team": "blue" })).toBe("ok");
    expect(await read(flattened, { "aws:PrincipalTag/team": "blue" })).toBe("ok");
    expect(await read({}, { "aws:PrincipalTag/team": "blue" })).toBe("AccessDeniedException");
    expect(await read({}, { [name("sub")]: "agent-a", "aws:FederatedProvider": provider })).toBe("ok");
    expect(await read({}, { [name("sub")]: "agent-b" })).toBe("AccessDeniedException");
  });

  it("is narrowed by a session policy like any other session", async () => {
    const Policy = JSON.stringify(document(allow("dynamodb:GetItem")));
    const made = taken(await show(ours().token({}), open(), { Policy }));
    expect(await reach(made)).toEqual({ read: "ok", write: "AccessDeniedException" });
  });
});

function changed(token: string): string {
  const [head = "", , signature = ""] = token.split(".");
  const [, body = ""] = ours().token({}).split(".");
  return [head, body, signature].join(".");
}

function unsigned(token: string): string {
  const [, body = ""] = token.split(".");
  return `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`;
}
