import { describe, expect, test } from "vitest";
import { lineageTags, sourceIdentityPrefix } from "../../../core/aws/lineage.ts";
import { targetRolePath } from "../../../core/model/aws-role.ts";
import { sessionTags, sourceIdentities, targetPath } from "../../../lib/targets/trust.ts";
import { type Assuming, assuming, central, credentials, lanyard, lineage, made, team } from "./ground.ts";

const { trust } = made();
const all = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
const { "lanyard-principal": _, ...withoutPrincipal } = lineage.tags;
const other = "T".repeat(22);

describe("threat 21: a target role is assumed", () => {
  test("by the function of the deployment it names, for a session of an agent it names", async () => {
    expect(await assuming(trust)).toEqual([]);
    const deep = { ...lineage.tags, "lanyard-agent": "spiffe://agents.example.com/agent/research/deep" };
    expect(await assuming(trust, { tags: deep })).toEqual([]);
  });

  test.each<[string, Assuming, readonly string[]]>([
    ["a role of that name in another account", { by: credentials.replace(central, "999900001111") }, all],
    ["a role of that name in its own account", { by: credentials.replace(central, team) }, all],
    ["another role of the deployment's account", { by: credentials.replace("credentials", "token") }, all],
    ["a role of that name below a path", { by: credentials.replace("role/", "role/agents/") }, all],
    ["another stage's function", { by: credentials.replace("prod", "dev") }, all],
    ["another stage's external id", { externalId: "agents.example.com/dev" }, ["sts:AssumeRole"]],
    ["no external id", { externalId: undefined }, ["sts:AssumeRole"]],
    [
      "an agent it does not name",
      { tags: { ...lineage.tags, "lanyard-agent": "spiffe://agents.example.com/agent/triage" } },
      ["sts:AssumeRole"],
    ],
    [
      "an agent whose name begins alike",
      { tags: { ...lineage.tags, "lanyard-agent": "spiffe://agents.example.com/agent/planner2" } },
      ["sts:AssumeRole"],
    ],
    [
      "another trust domain's agent of that name",
      { tags: { ...lineage.tags, "lanyard-agent": "spiffe://example.com/agent/planner" } },
      ["sts:AssumeRole"],
    ],
    ["a session name that is not the session's", { sessionName: other }, ["sts:AssumeRole"]],
    ["no tags", { tags: {} }, ["sts:AssumeRole"]],
    ["a tag left out, which the agent could set later", { tags: withoutPrincipal }, ["sts:TagSession"]],
    ["a tag more", { tags: { ...lineage.tags, team: "blue" } }, ["sts:TagSession"]],
    ["a tag more in place of one of ours", { tags: { ...withoutPrincipal, team: "blue" } }, ["sts:TagSession"]],
    ["a SourceIdentity of somebody else's", { sourceIdentity: "alice" }, ["sts:SetSourceIdentity"]],
    [
      "a SourceIdentity that only holds ours",
      { sourceIdentity: `x-${lineage.sourceIdentity}` },
      ["sts:SetSourceIdentity"],
    ],
  ])("by nobody else and not otherwise: %s", async (_, asked, refused) => {
    expect(await assuming(trust, asked)).toEqual(refused);
  });

  test("by a role of that name when it was made anew as well: IAM keeps a role as principal by its unique id", () => {
    expect(JSON.stringify(trust)).not.toMatch(/"AWS":"[^"]*:role\//);
    for (const { Principal } of trust.Statement) expect(Principal).toEqual({ AWS: `arn:aws:iam::${central}:root` });
  });

  test("with the names that sessions' credentials have", () => {
    expect(targetPath).toBe(targetRolePath);
    expect([...sessionTags].sort()).toEqual([...lineageTags].sort());
    expect(sourceIdentities).toBe(`${sourceIdentityPrefix}*`);
    expect(Object.keys(lineage.tags).sort()).toEqual([...sessionTags].sort());
  });
});

describe("a target role is not made", () => {
  test.each([
    ["for no agent", { agents: [] }],
    ["for every agent", { agents: ["*"] }],
    ["for an agent by its whole id", { agents: ["spiffe://agents.example.com/agent/planner"] }],
    ["for an agent by a variable", { agents: [`\${aws:username}`] }],
    ["with an account that is none", { lanyard: { ...lanyard, account: "*" } }],
    ["with a Region that is none", { lanyard: { ...lanyard, region: "eu-west-*" } }],
    ["with a stage that is none", { lanyard: { ...lanyard, stage: "prod-*" } }],
    ["with a trust domain that is none", { lanyard: { ...lanyard, trustDomain: "agents.example.com/x" } }],
  ])("%s", (_, more) => {
    expect(() => made(more)).toThrow();
  });
});

test("a deployment without a trust domain of its own is known by the one it then has", async () => {
  const { trustDomain: _, ...unnamed } = lanyard;
  const own = made({ lanyard: unnamed }).trust;
  const tags = { ...lineage.tags, "lanyard-agent": "spiffe://prod.lanyard.internal/agent/planner" };
  expect(await assuming(own, { tags, externalId: "prod.lanyard.internal/prod" })).toEqual([]);
  expect(await assuming(own)).toEqual(["sts:AssumeRole"]);
});
