import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { awsStsWebIdentity } from "../../../../client/evidence/aws-sts-web-identity.ts";
import {
  type AgentSession,
  type AwsSessionCredentials,
  createAgent,
  type LanyardAgent,
} from "../../../../client/index.ts";
import { files, rows } from "../registry.ts";

/** What agents have in common, in a function of their own or in a test: nothing here knows where it runs. */

/** This function's agent: it attests by what Lambda gave it, its role's credentials. */
export function hostedAgent(): LanyardAgent {
  const { ISSUER: issuer = "", AGENT: agent = "", AWS_REGION: region = "" } = process.env;
  return createAgent({ issuer, agent, evidence: awsStsWebIdentity({ region }) });
}

/** A session's work at AWS: how each call ended, "ok" or AWS's word for why not, and under which request id. */
export interface Work {
  readonly sid: string;
  readonly ends: readonly string[];
  readonly requestIds: readonly string[];
}

/** How a call ended: "ok" or AWS's word for why not. */
export const ended = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "ok",
    ({ name }: Error) => name,
  );

/** A client of the SDK under given credentials; every answer's request id is noted. */
export function notedClient<T extends { readonly middlewareStack: { add(...args: never[]): void } }>(
  Client: new (settings: object) => T,
  settings: object,
  note: (requestId: string) => void,
): T {
  const client = new Client({ ...settings, maxAttempts: 1, forcePathStyle: true });
  type Sent = { response: { headers: Record<string, string> } };
  const noting = (next: (args: unknown) => Promise<Sent>) => async (args: unknown) => {
    const answer = await next(args);
    const { headers } = answer.response;
    const requestId = headers["x-amzn-requestid"] ?? headers["x-amz-request-id"];
    if (requestId !== undefined) note(requestId);
    return answer;
  };
  // by the wire, so that a refused call counts as well: CloudTrail has it too
  (client.middlewareStack.add as (...args: unknown[]) => void)(noting, {
    step: "deserialize",
    priority: "low",
    name: "noting",
  });
  return client;
}

/** Where and by which credentials a session works. */
type Place = (credentials: Omit<AwsSessionCredentials, "expiration">) => object;
const here: Place = (credentials) => ({ credentials });

/** Reads files by the session's role: one that it may, one that it may not. */
export async function readFiles(session: AgentSession, place: Place = here): Promise<Work> {
  const requestIds: string[] = [];
  const given = await session.awsCredentials({ resource: files, scopes: ["files:read"] });
  const s3 = notedClient(S3Client, place(keysOf(given)), (id) => void requestIds.push(id));
  const get = (Key: string) => ended(s3.send(new GetObjectCommand({ Bucket: "tickets", Key })));
  return { sid: session.sid, ends: [await get("a/1"), await get("b/1")], requestIds };
}

/** Writes rows by the session's role, likewise. */
export async function writeRows(session: AgentSession, place: Place = here): Promise<Work> {
  const requestIds: string[] = [];
  const given = await session.awsCredentials({ resource: rows, scopes: ["rows:write"] });
  const dynamo = notedClient(DynamoDBClient, place(keysOf(given)), (id) => void requestIds.push(id));
  const put = (id: string) => ended(dynamo.send(new PutItemCommand({ TableName: "items", Item: { id: { S: id } } })));
  return { sid: session.sid, ends: [await put("a#1"), await put("b#1")], requestIds };
}

const keysOf = ({ accessKeyId, secretAccessKey, sessionToken }: AwsSessionCredentials) => ({
  ...{ accessKeyId, secretAccessKey, sessionToken },
});
