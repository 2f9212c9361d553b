import { GetObjectCommand, type GetObjectCommandOutput, S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import * as handler from "../../client/handler.ts";
import * as messages from "../../client/messages.ts";
import * as narrowed from "../../client/narrowed.ts";
import { createResourceServer } from "../../client/verify.ts";
import { files, rows } from "../credentials/ground.ts";
import { agentId, customers, tickets } from "../kit/registry.ts";
import { serveAll } from "../kit/serve.ts";
import { issuer } from "../kit/world/ground.ts";
import { createDeployment } from "./deployment.ts";
import { cloud, forAda, headersOf, recordOf, setUp } from "./hops/ground.ts";
import { documented } from "./page.ts";

setUp();

const s3 = serveAll(() => ({ body: "content" }));

const { linesOf, run } = documented("client.md", {
  "@lanyard-iam/client/handler": handler,
  "@lanyard-iam/client/messages": messages,
  "@lanyard-iam/client/narrowed": narrowed,
  "@lanyard-iam/client/verify": { createResourceServer },
});

describe("the lines of docs/client.md", () => {
  test("make a handler that works on for its caller", async () => {
    const [lines = ""] = linesOf("Working on for a caller");
    // the page's guard, by the clock and the network of the test
    const server = (input: Parameters<typeof createResourceServer>[0]) =>
      createResourceServer({ ...input, fetch: cloud.fetch, clock: cloud.clock });
    const given = { issuer, agent: cloud.agent("ticket-api"), createResourceServer: server };
    const handle = (await run(lines, given, "handler")) as ReturnType<typeof handler.createLambdaHandler>;
    const planner = await forAda();
    const headers = await headersOf(planner);
    const event = { version: "2.0", rawPath: "/things", rawQueryString: "", headers };
    cloud.intercept.answer = ({ url }) => (url.startsWith(customers) ? Response.json({ id: 42 }) : undefined);
    const answer = await handle({ ...event, requestContext: { http: { method: "GET" } } }, undefined);
    expect(JSON.parse(answer.body ?? "")).toEqual({ customer: { id: 42 }, for: planner.principal });
    expect(cloud.sent.at(-1)?.headers.get("authorization")).toMatch(/^DPoP /);
  });

  test("send work in a message, and take it from the queue", async () => {
    const [sending = "", taking = ""] = linesOf("Work in a message");
    class SendMessageCommand {
      readonly input: Parameters<typeof recordOf>[0];
      constructor(input: Parameters<typeof recordOf>[0]) {
        this.input = input;
      }
    }
    const queue: SendMessageCommand[] = [];
    const sqs = { send: async (command: SendMessageCommand) => void queue.push(command) };
    const [planner, worker] = [agentId("planner"), agentId("researcher")];
    await run(
      sending,
      { session: await forAda(), worker, sqs, queueUrl: "https://q.example", SendMessageCommand },
      "0",
    );
    const given = { agent: cloud.agent("researcher"), planner };
    const handle = (await run(taking, given, "handler")) as ReturnType<typeof messages.createQueueHandler>;
    const record = recordOf(queue[0]?.input ?? { MessageBody: "" });
    cloud.intercept.answer = ({ url }) => (url.startsWith(tickets) ? new Response("done") : undefined);
    expect(await handle({ Records: [record] })).toEqual({ batchItemFailures: [] });
    expect(cloud.sent.at(-1)?.url).toBe(`${tickets}/42`);
  });

  test("read an object of S3 in the session's name", async () => {
    const [lines = ""] = linesOf("AWS in a session's name");
    const rich = await createDeployment(...rows);
    const session = await rich
      .agent("researcher")
      .open({ grants: [{ resource: files, scopes: ["files:read"] }], renewable: true });
    class Client extends S3Client {
      constructor(input: S3ClientConfig) {
        super({ ...input, endpoint: s3.origin, forcePathStyle: true });
      }
    }
    const given = { session, S3Client: Client, GetObjectCommand };
    const object = (await run(lines, given, "object")) as GetObjectCommandOutput;
    expect(await object.Body?.transformToString()).toBe("content");
    expect(s3.asked[0]).toMatchObject({ path: "/team-files/cases/42" });
    expect(s3.asked[0]?.headers["x-amz-security-token"]).toContain("of2");
  });

  test("narrow a role's credentials", async () => {
    const [lines = ""] = linesOf("A role's own credentials, narrowed");
    class S3Client {
      readonly input: { readonly credentials: unknown };
      constructor(input: { readonly credentials: unknown }) {
        this.input = input;
      }
    }
    const given = { readOne: { Version: "2012-10-17", Statement: [] }, session: { sid: "s" }, S3Client };
    const client = (await run(lines, given, "s3")) as S3Client;
    expect(typeof client.input.credentials).toBe("function");
  });
});
