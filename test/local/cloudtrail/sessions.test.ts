import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  type AssumeRoleCommandOutput as Assumed,
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  GetScopedCredentialsCommand,
  GetWebIdentityTokenCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import { describe, expect, it } from "vitest";
import type { Credentials } from "../../../local/emulator/iam/caller.ts";
import { startIssuer } from "../sts/issuer.ts";
import { cloud, of, recordOf, settings, setUp } from "./ground.ts";

setUp();

const sts = (credentials: Credentials) => new STSClient(settings(credentials));
const operator = () => `arn:aws:iam::${cloud.account}:role/administrator`;

const role = (name: string, account = cloud.account) => {
  const arn = `arn:aws:iam::${account}:role/targets/${name}`;
  const Action = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
  cloud.addRole({
    arn,
    trust: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { AWS: operator() }, Action }] },
    policies: [{ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] }],
  });
  return arn;
};

const assumed = (RoleArn: string) =>
  sts(cloud.operator).send(
    new AssumeRoleCommand({
      RoleArn,
      RoleSessionName: "session-1",
      SourceIdentity: "lyd.root.sid",
      DurationSeconds: 900,
      Tags: [
        { Key: "agent", Value: "planner" },
        { Key: "tree", Value: "root" },
      ],
      TransitiveTagKeys: ["agent"],
    }),
  );

const taken = (made: Assumed["Credentials"]) => ({
  accessKeyId: made?.AccessKeyId ?? "",
  secretAccessKey: made?.SecretAccessKey ?? "",
  sessionToken: made?.SessionToken ?? "",
});

describe("AssumeRole", () => {
  it("is logged with its tags, its source identity and the key it gave, never with the secret", async () => {
    const arn = role("reader");
    const answer = await assumed(arn);
    const [record] = of(answer.$metadata.requestId);
    expect(record).toMatchObject({
      eventSource: "sts.amazonaws.com",
      eventName: "AssumeRole",
      readOnly: true,
      managementEvent: true,
      requestParameters: {
        roleArn: arn,
        roleSessionName: "session-1",
        sourceIdentity: "lyd.root.sid",
        durationSeconds: 900,
        tags: [
          { key: "agent", value: "planner" },
          { key: "tree", value: "root" },
        ],
        transitiveTagKeys: ["agent"],
      },
      responseElements: {
        credentials: {
          accessKeyId: answer.Credentials?.AccessKeyId,
          sessionToken: expect.any(String),
          expiration: expect.stringMatching(/^[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d\d:\d\d [AP]M$/),
        },
        assumedRoleUser: { arn: `arn:aws:sts::${cloud.account}:assumed-role/reader/session-1` },
        sourceIdentity: "lyd.root.sid",
      },
      resources: [{ accountId: cloud.account, type: "AWS::IAM::Role", ARN: arn }],
    });
    expect(JSON.stringify(record)).not.toContain(answer.Credentials?.SecretAccessKey);
  });

  it("leads from every later call back to itself, by the access key", async () => {
    const { Credentials, $metadata } = await assumed(role("writer"));
    const s3 = new S3Client(settings(taken(Credentials)));
    const put = await recordOf(s3.send(new PutObjectCommand({ Bucket: "fixture-locked", Key: "k", Body: "x" })));
    const [opened] = of($metadata.requestId);
    expect(put.userIdentity).toMatchObject({
      type: "AssumedRole",
      accessKeyId: opened?.responseElements?.credentials?.accessKeyId,
      principalId: expect.stringMatching(/^AROA[A-Z2-7]{17}:session-1$/),
      sessionContext: { sourceIdentity: "lyd.root.sid", sessionIssuer: { userName: "writer" } },
    });
    // what tags a session has is told where it begins, and nowhere later
    expect(JSON.stringify(put)).not.toContain("planner");
  });

  it("of a chain tells the tags that pass on", async () => {
    const { Credentials } = await assumed(role("first"));
    const second = `arn:aws:iam::${cloud.account}:role/targets/second`;
    cloud.addRole({
      arn: second,
      trust: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { AWS: `arn:aws:iam::${cloud.account}:root` },
            Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
          },
        ],
      },
      policies: [],
    });
    const chained = sts(taken(Credentials)).send(
      new AssumeRoleCommand({ RoleArn: second, RoleSessionName: "session-2" }),
    );
    expect(await recordOf(chained)).toMatchObject({
      requestParameters: { incomingTransitiveTags: { agent: "planner" } },
      responseElements: { sourceIdentity: "lyd.root.sid" },
    });
  });

  it("into another account is told to both, and to the other without the key", async () => {
    const arn = role("away", "444455556666");
    const { $metadata } = await assumed(arn);
    const records = of($metadata.requestId);
    expect(records.map(({ recipientAccountId }) => recipientAccountId).sort()).toEqual([cloud.account, "444455556666"]);
    expect(new Set(records.map(({ sharedEventID }) => sharedEventID)).size).toBe(1);
    const theirs = records.find(({ recipientAccountId }) => recipientAccountId === "444455556666");
    expect(theirs?.userIdentity).toEqual({
      type: "AWSAccount",
      principalId: expect.stringContaining(":operator"),
      accountId: cloud.account,
    });
  });

  it("that is refused is told with the reason, and gave no key", async () => {
    const nobody = cloud.addWorkload({ name: "nobody", roleArn: `arn:aws:iam::${cloud.account}:role/nobody` });
    const refused = sts(nobody).send(new AssumeRoleCommand({ RoleArn: role("closed"), RoleSessionName: "imitation" }));
    expect(await recordOf(refused)).toMatchObject({
      errorCode: "AccessDenied",
      requestParameters: { roleSessionName: "imitation" },
      responseElements: null,
    });
  });
});

describe("the other calls of STS", () => {
  it("GetScopedCredentials tells its description and the new key; the old one asked for it", async () => {
    const { Credentials } = await assumed(role("scoped"));
    const by = taken(Credentials);
    const command = new GetScopedCredentialsCommand({
      DurationSeconds: 60,
      ScopedSessionDescription: "planner at depth 1",
    });
    const answer = await sts(by).send(command);
    expect(of(answer.$metadata.requestId)).toMatchObject([
      {
        userIdentity: { accessKeyId: by.accessKeyId, sessionContext: { sourceIdentity: "lyd.root.sid" } },
        requestParameters: { durationSeconds: 60, scopedSessionDescription: "planner at depth 1" },
        responseElements: { credentials: { accessKeyId: answer.Credentials?.AccessKeyId } },
      },
    ]);
  });

  it("GetWebIdentityToken tells the token's id, and nothing of the token", async () => {
    const planner = cloud.addWorkload({
      name: "planner",
      roleArn: `arn:aws:iam::${cloud.account}:role/agents/planner`,
    });
    const command = new GetWebIdentityTokenCommand({
      Audience: ["https://issuer.example"],
      SigningAlgorithm: "ES384",
      DurationSeconds: 60,
      Tags: [{ Key: "challenge", Value: "c1" }],
    });
    const { WebIdentityToken = "", $metadata } = await sts(planner).send(command);
    const { jti } = JSON.parse(Buffer.from(WebIdentityToken.split(".")[1] ?? "", "base64url").toString());
    const [record] = of($metadata.requestId);
    expect(record).toMatchObject({
      eventName: "GetWebIdentityToken",
      readOnly: true,
      requestParameters: {
        audience: ["https://issuer.example"],
        durationSeconds: 60,
        signingAlgorithm: "ES384",
        tags: [{ key: "challenge", value: "c1" }],
      },
      responseElements: { webIdentityTokenId: jti, expiration: expect.any(String) },
    });
    expect(JSON.stringify(record)).not.toContain(WebIdentityToken.split(".")[2]);
  });

  it("GetCallerIdentity tells who asked and nothing else", async () => {
    expect(await recordOf(sts(cloud.operator).send(new GetCallerIdentityCommand({})))).toMatchObject({
      requestParameters: null,
      responseElements: null,
    });
  });
});

describe("AssumeRoleWithWebIdentity, which nobody signs", () => {
  const claims = {
    sub: "agent:planner",
    "https://aws.amazon.com/source_identity": "lyd.root.sid",
    "https://aws.amazon.com/tags": { principal_tags: { agent: ["planner"] }, transitive_tag_keys: ["agent"] },
  };
  const show = (RoleArn: string, WebIdentityToken: string) =>
    new STSClient({ endpoint: cloud.aws.endpoint, region: cloud.aws.region, maxAttempts: 1 }).send(
      new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: "s-1", WebIdentityToken }),
    );

  it("is told by provider, audience and subject of the token, never by the token", async () => {
    const issuer = await startIssuer();
    const provider = cloud.addIdentityProvider(cloud.account, { url: issuer.url, clientIds: ["sts.amazonaws.com"] });
    const Action = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"];
    const Statement = [{ Effect: "Allow", Principal: { Federated: provider }, Action }];
    const arn = `arn:aws:iam::${cloud.account}:role/targets/federated`;
    cloud.addRole({ arn, trust: { Version: "2012-10-17", Statement }, policies: [] });
    const token = issuer.token(claims);
    const answer = await show(arn, token);
    await issuer.close();
    const records = of(answer.$metadata.requestId);
    expect(records).toMatchObject([
      {
        recipientAccountId: cloud.account,
        userIdentity: {
          type: "WebIdentityUser",
          principalId: `${provider}:sts.amazonaws.com:agent:planner`,
          userName: "agent:planner",
          identityProvider: provider,
        },
        requestParameters: {
          roleArn: arn,
          roleSessionName: "s-1",
          sourceIdentity: "lyd.root.sid",
          principalTags: { agent: "planner" },
          transitiveTagKeys: ["agent"],
        },
        responseElements: {
          credentials: { accessKeyId: answer.Credentials?.AccessKeyId },
          subjectFromWebIdentityToken: "agent:planner",
          sourceIdentity: "lyd.root.sid",
          provider,
          audience: "sts.amazonaws.com",
        },
        resources: [{ accountId: cloud.account, ARN: arn }],
      },
    ]);
    expect(JSON.stringify(records)).not.toContain(token.split(".")[2]);
    const own = await recordOf(sts(taken(answer.Credentials)).send(new GetCallerIdentityCommand({})));
    expect(own.userIdentity).toMatchObject({
      accessKeyId: answer.Credentials?.AccessKeyId,
      sessionContext: { webIdFederationData: { federatedProvider: provider }, sourceIdentity: "lyd.root.sid" },
    });
  });

  it("is told when it is refused, whatever was shown", async () => {
    const arn = `arn:aws:iam::${cloud.account}:role/targets/none`;
    for (const token of ["a.b.c", `x.${Buffer.from('{"https://aws.amazon.com/tags":7}').toString("base64url")}.y`])
      expect(await recordOf(show(arn, token))).toMatchObject({
        recipientAccountId: cloud.account,
        errorCode: expect.any(String),
        responseElements: null,
      });
  });
});
