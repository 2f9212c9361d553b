import { createHash } from "node:crypto";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { IAMClient, UpdateAssumeRolePolicyCommand } from "@aws-sdk/client-iam";
import { KMSClient, SignCommand } from "@aws-sdk/client-kms";
import { GetFunctionConfigurationCommand, LambdaClient, UpdateFunctionCodeCommand } from "@aws-sdk/client-lambda";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { describe, expect, it } from "vitest";
import { patienceSeconds } from "../../../core/drift/evaluate.ts";
import { packBody } from "../../../lambdas/aws/dynamodb/record-body.ts";
import { readRecords } from "../../../local/demo/story/records.ts";
import { asOfferTo, asSession, exchange, type Fields, formOf, formType } from "../../kit/wire/forms.ts";
import { send } from "../../kit/wire/http.ts";
import { claimsOf, testKey } from "../../kit/wire/key.ts";
import { granted, type Lab, openSession } from "./lab.ts";
import { vault } from "./registry.ts";

const read: Fields = [
  ["resource", vault],
  ["scope", "vault:read"],
];

/** Attacks from inside the account, floods from outside it, and changes that must count at once. */
export function accountAttacks(lab: () => Lab): void {
  const operator = () => {
    const { aws, operator: own } = lab().world.endpoints;
    return { region: aws.region, endpoint: aws.endpoint, credentials: { ...own.credentials }, maxAttempts: 1 };
  };

  describe("an administrator of the account", () => {
    it("threat 11: cannot sign with any key of ours, whatever IAM allows", async () => {
      const named = Object.entries(lab().world.cloud.outputs);
      const keys = named.filter(([name]) => /Keys(Identity|Session|Status|Log)/.test(name)).map(([, arn]) => arn);
      expect(keys.length).toBeGreaterThanOrEqual(3);
      const kms = new KMSClient(operator());
      for (const KeyId of keys) {
        const sign = {
          KeyId,
          SigningAlgorithm: "ECDSA_SHA_256",
          MessageType: "RAW",
          Message: Buffer.from("x"),
        } as const;
        await expect(kms.send(new SignCommand(sign)), KeyId).rejects.toThrow(/denied|not authorized|AccessDenied/i);
      }
      kms.destroy();
    });

    it("threat 23: cannot put a record of its own on the audit bus", async () => {
      const events = new EventBridgeClient(operator());
      const EventBusName = lab().world.cloud.outputs.AuditBusName;
      const forged = { EventBusName, Source: "lanyard", DetailType: "API Activity", Detail: "{}" };
      await expect(events.send(new PutEventsCommand({ Entries: [forged] }))).rejects.toThrow(/denied|not authorized/i);
      events.destroy();
    });
  });

  describe("somebody who changes what was deployed, with no trail to see it", () => {
    /** One look of the watch, and what it told of since the test began. */
    const look = async () => {
      const { cloud, endpoints } = lab().world;
      await cloud.invoke("drift-watch", {});
      await cloud.flushAudit();
      return readRecords(endpoints.auditFolder).filter(({ facts }) => facts.operation === "deployment.drift");
    };
    /** The watch's row of a function; as if it had stood so for as long as a deployment takes. */
    const age = async (name: string) => {
      const { cloud } = lab().world;
      const Key = { kind: { S: "deployed" }, name: { S: name } };
      const aged = await cloud.dynamodb("UpdateItem", {
        TableName: cloud.outputs.TracesTable,
        Key,
        UpdateExpression: "SET drift.sinceSeconds = drift.sinceSeconds - :while",
        ExpressionAttributeValues: { ":while": { N: String(patienceSeconds) } },
      });
      expect(aged.status, JSON.stringify(aged)).toBe(200);
    };
    const nameOf = async (bundle: string) => {
      const { cloud } = lab().world;
      const rows = await cloud.dynamodb("Scan", { TableName: cloud.outputs.TracesTable });
      const names = (rows.body as { Items: { name: { S: string } }[] }).Items.map(({ name }) => name.S);
      const found = names.find((name) => name.includes(bundle));
      if (found === undefined) throw new Error(`nothing is remembered of ${bundle}: ${names.join(", ")}`);
      return found;
    };

    it("threat 45: is told of when the code of a function is not what was deployed, once no deployment explains it", async () => {
      expect(await look()).toEqual([]);
      const FunctionName = await nameOf("TokenFunction");
      const lambda = new LambdaClient(operator());
      await lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: Buffer.from("foreign") }));
      lambda.destroy();
      expect(await look()).toEqual([]);
      await age(FunctionName);
      const [told, ...more] = await look();
      expect(more).toEqual([]);
      expect(told?.facts).toMatchObject({
        target: `function:${FunctionName}`,
        reason: "its code is not what was deployed",
        evidence: { codeSha256: createHash("sha256").update("foreign").digest("base64") },
      });
      expect(await look()).toHaveLength(1);
    });

    it("threat 45: is told of at the next look when a role lets in somebody else than Lambda", async () => {
      const before = (await look()).length;
      const { cloud } = lab().world;
      const lambda = new LambdaClient(operator());
      const FunctionName = await nameOf("PublisherFunction");
      const { Role = "" } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
      lambda.destroy();
      const RoleName = Role.slice(Role.lastIndexOf("/") + 1);
      const Principal = { AWS: `arn:aws:iam::${cloud.account}:role/lanyard-local-operator` };
      const Statement = [{ Effect: "Allow", Principal, Action: "sts:AssumeRole" }];
      const iam = new IAMClient(operator());
      const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
      await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument }));
      iam.destroy();
      const told = (await look()).slice(before);
      expect(told.map(({ facts }) => [facts.target, facts.reason])).toEqual([
        [`function:${FunctionName}`, "its role can be assumed by others than Lambda"],
      ]);
    });
  });

  describe("a record that the bus refuses for good", () => {
    it("threat 23: lies whole in the queue of refused ones and holds nothing up", async () => {
      const { cloud, endpoints } = lab().world;
      const eventId = `planted-${crypto.randomUUID()}`;
      const Item = {
        eventId: { S: eventId },
        body: { B: Buffer.from(packBody("no JSON at all")).toString("base64") },
        beside: { S: "what no queue takes as it is: \uFFFF" },
        detailType: { S: "API Activity" },
        timeMillis: { N: "1785542400000" },
        hash: { S: createHash("sha256").update("no JSON at all").digest("base64url") },
        expiresAt: { N: "1786752000" },
        unheardOf: { L: [{ B: Buffer.from("kept too").toString("base64") }] },
      };
      const planted = await cloud.dynamodb("PutItem", { TableName: cloud.outputs.OutboxTable, Item });
      expect(planted.status).toBe(200);
      const { token } = await openSession(lab());
      await cloud.flushAudit();
      const kept = cloud.queueMessages("-Refused").map((text) => JSON.parse(text));
      expect(kept.filter((record) => record.eventId === eventId)).toEqual([
        {
          eventId,
          why: "MalformedDetail",
          image: Item,
        },
      ]);
      expect(cloud.queueMessages("RelayFailures")).toEqual([]);
      const sids = readRecords(endpoints.auditFolder).map(({ facts }) => facts.sid);
      expect(sids).toContain(claimsOf(token).sid);
    });

    it("threat 45: is put by no administrator: no table of ours takes a row from one", async () => {
      const { outputs } = lab().world.cloud;
      const dynamo = new DynamoDBClient(operator());
      const tables = Object.entries(outputs).filter(([name]) => name.endsWith("Table"));
      expect(tables.length).toBeGreaterThan(10);
      for (const [name, TableName] of tables) {
        const Item = { eventId: { S: "x" }, key: { S: "x" }, subject: { S: "x" }, session: { S: "x" } };
        const put = dynamo.send(new PutItemCommand({ TableName, Item }));
        await expect(put, name).rejects.toThrow(/explicit deny in a resource-based policy/);
      }
      dynamo.destroy();
    });

    it("threat 23: cannot be invented by an administrator", async () => {
      const QueueUrl = lab().world.cloud.outputs.RefusedRecordsUrl;
      const sqs = new SQSClient(operator());
      const sent = sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "{}" }));
      await expect(sent).rejects.toThrow(/denied|not authorized/i);
      sqs.destroy();
    });
  });

  describe("a flood of garbage", () => {
    it("threat 13: costs a handful of records, and stops nobody's work", async () => {
      const { token: url, auditFolder } = lab().world.endpoints;
      const before = readRecords(auditFolder).length;
      const headers = { "Content-Type": formType };
      const body = formOf([
        ["grant_type", "client_credentials"],
        ["client_assertion", "garbage"],
      ]);
      const flood = Array.from({ length: 200 }, () => send("POST", url, headers, body));
      const work = openSession(lab());
      for (const answer of await Promise.all(flood)) expect(answer.status).toBe(401);
      expect(claimsOf((await work).token).sid).toBeTruthy();
      await lab().world.cloud.flushAudit();
      const written = readRecords(auditFolder).length - before;
      expect(written).toBeLessThan(20);
    });
  });

  describe("a change of the registry", () => {
    it("threat 22: counts at the very next request, for the agent and for all it holds", async () => {
      const stranger = await lab().actor("stranger", await testKey());
      const { opener, token } = await openSession(lab());
      const offer = granted(
        await lab().token(opener, [...exchange("session", token), ...asOfferTo(stranger.id), ...read]),
      );
      const session = granted(await lab().token(stranger, [...exchange("offer", offer), ...asSession]));
      const access = granted(await lab().token(stranger, [...exchange("session", session), ["resource", vault]]));
      const api = await lab().actor("vault-api");
      expect((await lab().introspect(api, access)).json).toMatchObject({ active: true });
      await lab().reapply((registry) =>
        registry.replace("name: stranger\nstate: active", "name: stranger\nstate: suspended"),
      );
      const refused = await lab().token(stranger, [...exchange("session", session), ["resource", vault]]);
      lab().ledger.refused(refused, { status: 401, error: "invalid_client", code: "agent_inactive" });
      const seen = await lab().introspect(api, access);
      expect(seen.json).toEqual({ active: false });
      lab().ledger.noted(seen, "parent_dead");
      await lab().reapply((registry) => registry);
      granted(await lab().token(stranger, [...exchange("session", session), ["resource", vault]]));
    });

    it("threat 2: takes what a person may lend away from the next token on", async () => {
      const { opener, token } = await openSession(lab());
      const api = await lab().actor("vault-api");
      const access = granted(await lab().token(opener, [...exchange("session", token), ["resource", vault]]));
      await lab().reapply((registry) =>
        registry
          .replaceAll("kind: lending\nname: lab", "kind: lending\nname: other")
          .replaceAll("equals: support", "equals: nobody"),
      );
      const again = await lab().token(opener, [...exchange("id", await lab().twinA.idToken()), ...read, ...asSession]);
      lab().ledger.refused(again, { status: 400, error: "invalid_scope", code: "scope_exceeds" });
      const hop = await lab().token(api, [
        ...exchange("access", access),
        ["resource", "https://customers.support-desk.example"],
        ["scope", "customers:read"],
      ]);
      lab().ledger.refused(hop, { status: 400, error: "invalid_scope", code: "scope_exceeds" });
      await lab().reapply((registry) => registry);
    });
  });
}
