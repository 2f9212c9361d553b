import { beforeEach } from "vitest";
import type { Registration } from "../../core/model/registry.ts";
import { accessTokenType, idTokenType, sessionTokenType, tokenExchangeGrant } from "../../core/model/wire.ts";
import { agent, declared, idp, replacing } from "../kit/registry.ts";
import type { TestAgent } from "../kit/world/agents.ts";
import { type Answer, type Params, type Tokens, tokens } from "../kit/world/tokens.ts";
import { createWorld, type World } from "../kit/world/world.ts";

/** A resource that a bucket of AWS stands behind, and the role by which it is reached. */
export const files = "https://files.example";
export const fileScopes = ["files:read", "files:write", "files:admin"];
export const roleArn = "arn:aws:iam::111122223333:role/agents/files";

export const awsRole = (name: string, more: object = {}): Registration => ({
  kind: "aws-role",
  name,
  arn: roleArn,
  agents: ["planner", "researcher"],
  resource: files,
  grants: [
    {
      scope: "files:read",
      service: "s3",
      actions: ["s3:GetObject"],
      where: { bucket: "team-files", prefix: "cases/" },
      details: [{ type: "file-folder", field: "folder", as: "folder" }],
      kmsKeys: [],
    },
    {
      scope: "files:write",
      service: "s3",
      actions: ["s3:PutObject"],
      where: { bucket: "team-files", prefix: "cases/" },
      details: [{ type: "file-folder", field: "folder", as: "folder" }],
      kmsKeys: [],
    },
  ],
  ...more,
});

const all = [{ resource: files, scopes: fileScopes }];
const twoKinds = [...all, { resource: "https://tickets.example", scopes: ["tickets:read"] }];

export const rows: readonly Registration[] = [
  agent("planner", { clients: [{ issuer: idp, clientId: "planner-app" }], may: twoKinds, lends: twoKinds }),
  agent("researcher", { may: all, lends: all, maxLifetimeSeconds: 3_600 }),
  agent("triage", { may: all, lends: all }),
  { kind: "resource", name: "files", uri: files, servedBy: "customer-api", scopes: fileScopes },
  {
    kind: "details-type",
    name: "file-folder",
    resource: files,
    ...declared({ folder: { type: "string" } }, { folder: "exact" }, ["folder"]),
  },
  { kind: "lending", name: "files-lent", issuer: idp, when: { claim: "groups", equals: "support" }, lends: twoKinds },
  awsRole("files"),
];

/** The rows with some in the place of those of the same name. */
export const rowsWith = (...more: readonly Registration[]): readonly Registration[] => replacing(rows, more);

export let world: World<Tokens>;
export let planner: TestAgent;
export let researcher: TestAgent;

/** A new world before each test; `more` rows take the place of those of the same name. */
export function setUp(...more: readonly Registration[]): void {
  beforeEach(async () => {
    world = await createWorld(rowsWith(...more), tokens);
    [planner, researcher] = await Promise.all([world.newAgent("planner"), world.newAgent("researcher")]);
  });
}

/** Opens a session of a person's work, or of the agent's own, and answers with its session token. */
export async function openSession(by: TestAgent, params: Params = {}, onItsOwn = by !== planner): Promise<string> {
  const subject = onItsOwn
    ? { grant_type: "client_credentials" }
    : {
        grant_type: tokenExchangeGrant,
        subject_token: world.idToken("planner-app"),
        subject_token_type: idTokenType,
      };
  const wanted = { resource: files, scope: "files:read files:write", requested_token_type: sessionTokenType };
  const answer = await world.send("token", by, { ...subject, ...wanted, ...params });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body.access_token;
}

/** An access token of a session for one resource. */
export async function accessOf(by: TestAgent, session: string, resource: string): Promise<string> {
  const answer = await world.exchange(by, session, sessionTokenType, { resource });
  if (answer.body.issued_token_type !== accessTokenType) throw new Error(JSON.stringify(answer.body));
  return answer.body.access_token;
}

/** Asks for credentials of AWS by a session token. */
export const vend = (by: TestAgent, session: string, params: Params = {}, options = {}): Promise<Answer> =>
  world.send(
    "credentials",
    by,
    { subject_token: session, subject_token_type: sessionTokenType, resource: files, scope: "files:read", ...params },
    options,
  );

/** Lanyard's own facts in the last record. */
// biome-ignore lint/suspicious/noExplicitAny: records are looked into freely by tests
export const lastRecord = (): any => JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped.lanyard;

/** The code of the last refusal, recorded alone or counted. */
export const lastDenial = (): string | undefined => lastRecord().denial?.code ?? world.aggregated.at(-1)?.denial?.code;
