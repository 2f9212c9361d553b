/**
 * EC2 instances as what runs on one sees them: the instance metadata service, version 2 alone (IMDSv2), with the identity
 * documents and the credentials of the instance's role. On AWS it is at 169.254.169.254; here each instance has a port.
 */
import type { IncomingMessage } from "node:http";
import type { Credentials } from "../iam/caller.ts";
import { listen } from "../loopback.ts";
import type { InstanceFacts, InstanceIdentity } from "./identity.ts";
import { type MetadataSessions, openMetadataSessions } from "./sessions.ts";

/** How an instance's metadata service is set up. */
export interface MetadataOptions {
  /** `HttpPutResponseHopLimit`: how far the answer to a PUT travels. 1 unless said otherwise. */
  readonly hopLimit?: number;
  /** How far whoever asks is: 1 on the instance itself, 2 in a container behind a bridge. 1 unless said otherwise. */
  readonly hops?: number;
}

/** An instance's metadata service, running. */
interface MetadataService {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  close(): Promise<void>;
}

/** What one instance's service tells. */
interface MetadataGround {
  readonly facts: InstanceFacts;
  readonly identity: InstanceIdentity;
  /** Of the instance profile's role. */
  readonly role: { readonly name: string; readonly credentials: Credentials };
  readonly nowMillis: () => number;
}

/** Starts the service of one instance. */
export async function startMetadata(ground: MetadataGround, options: MetadataOptions = {}): Promise<MetadataService> {
  const { hopLimit = 1, hops = 1 } = options;
  const sessions = openMetadataSessions(ground.nowMillis);
  const paths = pathsOf(ground);
  const server = await listen((request, response) => {
    const { status, text = "", headers = {} } = answer(request, sessions, paths);
    // the packets of its answer die on the way: whoever is too far away waits for nothing
    if (request.method === "PUT" && hops > hopLimit) return;
    response.writeHead(status, { "content-type": "text/plain", server: "EC2ws", ...headers }).end(text);
  });
  return { endpoint: `http://${server.host}`, close: server.close };
}

interface Answer {
  readonly status: number;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

type Paths = ReadonlyMap<string, () => string>;

function answer({ method, url = "", headers }: IncomingMessage, sessions: MetadataSessions, paths: Paths): Answer {
  if (method === "PUT") return url === tokenPath ? openSession(headers, sessions) : { status: 404 };
  if (method !== "GET") return { status: 405, headers: { allow: "GET, PUT" } };
  // without a session it would be version 1, which anything that can be made to fetch a URL may speak
  if (!sessions.holds(headers["x-aws-ec2-metadata-token"])) return { status: 401 };
  const text = paths.get(url);
  return text === undefined ? { status: 404 } : { status: 200, text: text() };
}

const tokenPath = "/latest/api/token";
const ttlHeader = "x-aws-ec2-metadata-token-ttl-seconds";

function openSession(headers: IncomingMessage["headers"], sessions: MetadataSessions): Answer {
  // what went through a proxy did not come from the instance: the guard against open forwarders
  if (headers["x-forwarded-for"] !== undefined) return { status: 403 };
  const opened = sessions.open(headers[ttlHeader]);
  if (opened === undefined) return { status: 400 };
  return { status: 200, text: opened.token, headers: { [ttlHeader]: String(opened.ttlSeconds) } };
}

function pathsOf({ facts, identity, role, nowMillis }: MetadataGround): Paths {
  const forms = identity.forms(facts);
  const documents = "/latest/dynamic/instance-identity/";
  const credentials = "/latest/meta-data/iam/security-credentials/";
  return new Map([
    [documents, () => Object.keys(forms).sort().join("\n")],
    ...Object.entries(forms).map(([name, text]) => [documents + name, text] as const),
    ["/latest/meta-data/instance-id", () => facts.instanceId],
    ["/latest/meta-data/ami-id", () => facts.imageId],
    ["/latest/meta-data/placement/region", () => facts.region],
    [credentials, () => role.name],
    [credentials + role.name, () => credentialsText(role.credentials, nowMillis())],
  ]);
}

const lifeMillis = 6 * 3_600_000;

function credentialsText({ accessKeyId, secretAccessKey, sessionToken }: Credentials, nowMillis: number): string {
  const seconds = (millis: number) => new Date(millis).toISOString().replace(/\.\d+/, "");
  return JSON.stringify({
    Code: "Success",
    LastUpdated: seconds(nowMillis),
    Type: "AWS-HMAC",
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    Token: sessionToken,
    Expiration: seconds(nowMillis + lifeMillis),
  });
}
