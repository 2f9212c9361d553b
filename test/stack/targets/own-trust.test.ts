import { runSimulation } from "@cloud-copilot/iam-simulate";
import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { lineageTags, tokenTags as setTags } from "../../../core/aws/lineage.ts";
import { awsAudience, awsTokenClaims } from "../../../core/credentials/aws-token.ts";
import { StsIssuer } from "../../../lib/index.ts";
import { stsAudience } from "../../../lib/targets/sts-issuer.ts";
import { tokenTags } from "../../../lib/targets/trust.ts";
import { assuming, central, lanyard, made, team } from "./ground.ts";

const issuer = "https://id.example.com";
const name = "id.example.com";
const planner = "spiffe://agents.example.com/agent/planner";
const roleArn = `arn:aws:iam::${team}:role/lanyard/target/Files`;
const own = { agents: ["planner"], webIdentity: { issuer } };
const { trust, role } = made(own);
const all = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"];

const session = {
  root: "R".repeat(22),
  sid: "S".repeat(22),
  actors: [planner],
  principal: { id: `p_${"a".repeat(32)}`, kind: "person" },
};
const token = (more: object = {}, of = roleArn) => {
  const times = { iat: 1_785_542_400, exp: 1_785_542_460, jti: "T".repeat(22) };
  // biome-ignore lint/suspicious/noExplicitAny: a session of which a token tells only what is given here
  return awsTokenClaims({ session: { ...session, ...more } as any, roleArn: of, times }, issuer);
};
/** A token's claims with some of its tags otherwise; undefined leaves one out. */
const tagged = (changes: Readonly<Record<string, string | undefined>>) => {
  const claims = token();
  const { principal_tags: tags } = claims["https://aws.amazon.com/tags"] as {
    principal_tags: Record<string, string[]>;
  };
  const changed = Object.entries({ ...tags, ...changes }).filter(([, value]) => value !== undefined);
  const principal_tags = Object.fromEntries(changed.map(([key, value]) => [key, [value].flat()]));
  return { ...claims, "https://aws.amazon.com/tags": { principal_tags } };
};
const { "https://aws.amazon.com/source_identity": _, ...unnamed } = token();

/** The simulator drops the keys of a provider, whose names are not known beforehand, so they have names that it keeps. */
const calledHere = (text: string) => text.replaceAll(/([\w.]+):(aud|sub)\b/g, "aws:PrincipalTag/$1-$2");

/** What each action comes to that STS checks when a token is shown; all must be allowed. */
async function showing(
  claims: Readonly<Record<string, unknown>>,
  { sessionName = session.sid, account = team, of = name, policy = trust as unknown } = {},
): Promise<readonly string[]> {
  const { principal_tags: tags } = claims["https://aws.amazon.com/tags"] as {
    principal_tags: Record<string, string[]>;
  };
  const requested = Object.fromEntries(
    Object.entries(tags).map(([key, [value = ""]]) => [`aws:RequestTag/${key}`, value]),
  );
  const sourceIdentity = claims["https://aws.amazon.com/source_identity"] as string | undefined;
  const naming: Record<string, string> = sourceIdentity === undefined ? {} : { "sts:SourceIdentity": sourceIdentity };
  const claimed = { [calledHere(`${of}:aud`)]: String(claims.aud), [calledHere(`${of}:sub`)]: String(claims.sub) };
  const tagging = { ...requested, "aws:TagKeys": Object.keys(tags) };
  const told: Record<string, Record<string, string | string[]>> = {
    "sts:AssumeRoleWithWebIdentity": { ...tagging, ...naming, "sts:RoleSessionName": sessionName },
    ...(Object.keys(tags).length > 0 && { "sts:TagSession": tagging }),
    ...(sourceIdentity !== undefined && { "sts:SetSourceIdentity": naming }),
  };
  const refused: string[] = [];
  for (const [action, context] of Object.entries(told)) {
    const result = await runSimulation(
      {
        request: {
          principal: `arn:aws:iam::${account}:oidc-provider/${of}`,
          action,
          resource: { resource: roleArn, accountId: team },
          contextVariables: {
            ...context,
            ...claimed,
            "aws:FederatedProvider": `arn:aws:iam::${account}:oidc-provider/${of}`,
          },
        },
        identityPolicies: [],
        serviceControlPolicies: [],
        resourceControlPolicies: [],
        resourcePolicy: JSON.parse(calledHere(JSON.stringify(policy))),
      },
      {},
    );
    if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
    if (result.overallResult !== "Allowed") refused.push(action);
  }
  return refused;
}

describe("threat 21: a role that its agent takes by itself", () => {
  test("is had by a token for it, and as well through the function, as every target role", async () => {
    expect(await showing(token())).toEqual([]);
    expect(await assuming(trust)).toEqual([]);
  });

  test.each<[string, Readonly<Record<string, unknown>>, object, readonly string[]]>([
    ["another session's name", token(), { sessionName: "X".repeat(22) }, ["sts:AssumeRoleWithWebIdentity"]],
    ["a token for another role", token({}, `${roleArn}2`), {}, ["sts:AssumeRoleWithWebIdentity"]],
    ["another agent's token", token({ actors: ["spiffe://agents.example.com/agent/triage"] }), {}, all],
    ["an agent whose name begins alike", token({ actors: [`${planner}2`] }), {}, all],
    ["a tag of another agent", tagged({ "lanyard-agent": `${planner}2` }), {}, ["sts:AssumeRoleWithWebIdentity"]],
    ...[...lineageTags, ...setTags].map(
      (key) =>
        [
          `no ${key}`,
          tagged({ [key]: undefined }),
          {},
          key === "lanyard-principal" || key === "lanyard-token" ? ["sts:TagSession"] : all.slice(0, 2),
        ] as [string, Readonly<Record<string, unknown>>, object, readonly string[]],
    ),
    ["a tag more", tagged({ team: "blue" }), {}, ["sts:TagSession"]],
    ["no SourceIdentity", unnamed, {}, ["sts:AssumeRoleWithWebIdentity"]],
    [
      "another session's SourceIdentity",
      { ...token(), "https://aws.amazon.com/source_identity": `lyd.${"R".repeat(22)}.${"X".repeat(22)}` },
      {},
      ["sts:AssumeRoleWithWebIdentity"],
    ],
    [
      "another tree's SourceIdentity",
      { ...token(), "https://aws.amazon.com/source_identity": `lyd.${"X".repeat(22)}.${"S".repeat(22)}` },
      {},
      ["sts:AssumeRoleWithWebIdentity"],
    ],
    ["a token for another audience", { ...token(), aud: "https://files.example" }, {}, all],
    ["another issuer's provider", token(), { of: "id2.example.com" }, all],
    ["a provider of that name in another account", token(), { account: central }, all],
  ])("is had by nobody else and not otherwise: %s", async (_name, claims, asked, refused) => {
    expect(await showing(claims, asked)).toEqual(refused);
  });

  test("is had by no token where its owner does not say so", async () => {
    expect(await showing(token(), { policy: made({ agents: ["planner"] }).trust })).toEqual(all);
  });

  test("lives for an hour at most, and has the stop attached", () => {
    expect(role.MaxSessionDuration).toBe(3_600);
    expect(JSON.stringify(role.ManagedPolicyArns)).toContain("/lanyard/deny/");
    expect(made(own).warnings.join()).not.toContain("surgical stop");
    expect(made({ ...own, stopWriter: false }).warnings.join()).toContain("no surgical stop");
  });

  test("asks for the names that tokens have", () => {
    expect(tokenTags).toEqual(setTags);
    expect(stsAudience).toBe(awsAudience);
  });

  test.each([
    ["several agents", { agents: ["planner", "triage"] }, "one agent's"],
    ["no name, which its trust could not say", { roleName: undefined }, "roleName"],
    ["a name that no tag holds", { roleName: "a,b" }, "roleName"],
    ["an issuer without TLS", { webIdentity: { issuer: "http://id.example.com" } }, "https"],
    ["an issuer with a slash at its end", { webIdentity: { issuer: `${issuer}/` } }, "slash"],
    ["an issuer by a pattern", { webIdentity: { issuer: "https://*.example.com" } }, "issuer"],
  ])("is not made for %s", (_name, more, says) => {
    expect(() => made({ ...own, ...(more as object) })).toThrow(says);
  });
});

describe("the issuer in an account", () => {
  const stack = new Stack(new App(), "Team", { env: { account: team, region: lanyard.region } });
  new StsIssuer(stack, "Issuer", { issuer });

  test("threat 14: takes tokens for STS and no others of that issuer", () => {
    Template.fromStack(stack).hasResourceProperties("AWS::IAM::OIDCProvider", {
      Url: issuer,
      ClientIdList: ["sts.amazonaws.com"],
    });
    expect(JSON.stringify(Template.fromStack(stack).toJSON())).not.toContain("ThumbprintList");
  });

  test.each(["http://id.example.com", "https://id.example.com/", "https://id.example.com:8443", "id.example.com"])(
    "is not %s",
    (other) => expect(() => new StsIssuer(stack, other.replaceAll("/", "-"), { issuer: other })).toThrow("issuer"),
  );
});
