import { awsStsWebIdentity } from "../../client/evidence/aws-sts-web-identity.ts";
import { createAgent, type KeyPair } from "../../client/index.ts";
import { createResourceServer, type ResourceServer } from "../../client/verify.ts";
import { openEmbedded } from "../../conformance/embedded.ts";
import { spiffeAssertionType } from "../../core/model/wire.ts";
import { outcomeOf } from "../kit/outcome.ts";
import { listen } from "../kit/wire/server.ts";

/** A protected resource of these tests, at an address of its own. */
export interface Desk {
  readonly uri: string;
  /** What its guard said of each request: the agent, or a refusal's code. */
  readonly seen: string[];
  guard: ResourceServer | undefined;
  close(): Promise<void>;
}

/** A resource that answers `hello` to whomever its guard lets in, and serves its metadata. */
export async function openDesk(): Promise<Desk> {
  const seen: string[] = [];
  const { origin, close } = await listen(async ({ request }) => {
    const guard = desk.guard;
    const evaluated = guard && (await outcomeOf(guard.authenticate(request)));
    if (!evaluated) return { status: 503 };
    const said = evaluated.ok ? evaluated.value.access.agent : evaluated.error.refusal.code;
    if (said !== "open") seen.push(said);
    if (!evaluated.ok) return evaluated.error.reply;
    return { headers: { "Content-Type": "text/plain", ...evaluated.value.answerHeaders }, body: "hello" };
  });
  const desk: Desk = { uri: `${origin}/desk`, seen, guard: undefined, close };
  return desk;
}

const agent = (name: string, more: object = {}) => ({
  kind: "agent",
  name,
  state: "active",
  owner: "clients@support-desk.example",
  sponsor: "clients@support-desk.example",
  selectors: [{ type: "aws-sts-web-identity", exact: { roleArn: `arn:aws:iam::\${account}:role/clients/${name}` } }],
  ...more,
});

/** `strict` demands proofs with nonces; `legacy` is registered as unable to check proofs. */
const rows = (strict: string, legacy: string) => {
  const both = [
    { resource: strict, scopes: ["desk:read", "desk:write"] },
    { resource: legacy, scopes: ["legacy:read"] },
  ];
  return [
    agent("clerk", { may: both, lends: both, maxLifetimeSeconds: 3600 }),
    agent("keeper"),
    { kind: "resource", name: "strict", uri: strict, servedBy: "keeper", scopes: ["desk:read", "desk:write"] },
    {
      kind: "resource",
      name: "legacy",
      uri: legacy,
      servedBy: "keeper",
      scopes: ["legacy:read"],
      senderConstraint: "none",
    },
    {
      kind: "policy",
      name: "clerks-work",
      cedar: `permit (principal, action, resource) when { resource == Resource::"${strict}" || resource == Resource::"${legacy}" };`,
    },
  ];
};

/** An attested agent for clients that are not ours: its key pair and its assertion. */
export interface Attested {
  readonly id: string;
  readonly pair: KeyPair;
  /** The form's part that says who calls (draft-ietf-oauth-spiffe-client-auth). */
  assert(form: URLSearchParams): void;
}

/** The embedded cloud as the conformance table has it, with two resources more, and the agents that use and serve them. */
export async function openGround() {
  const [strict, legacy] = [await openDesk(), await openDesk()];
  const embedded = await openEmbedded(rows(strict.uri, legacy.uri));
  const { issuer, aws, agents } = embedded.world.endpoints;
  const start = (name: string, pair?: KeyPair) => {
    const registered = agents[name];
    if (!registered) throw new Error(`no workload ${name}`);
    const evidence = awsStsWebIdentity({ ...aws, credentials: { ...registered.credentials } });
    return createAgent({ issuer, agent: registered.id, evidence, ...(pair ? { key: pair } : {}) });
  };
  const attest = async (name: string): Promise<Attested> => {
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
    const { token, agent: id } = await start(name, pair).identity();
    const assert = (form: URLSearchParams) => {
      form.set("client_assertion_type", spiffeAssertionType);
      form.set("client_assertion", token);
    };
    return { id, pair, assert };
  };
  const keeper = start("keeper");
  const guard = (desk: Desk, more: object) => {
    const description = { name: "Desk", scopes: desk === strict ? ["desk:read"] : ["legacy:read"] };
    return createResourceServer({
      issuer,
      resource: desk.uri,
      mode: "introspect",
      agent: keeper,
      description,
      ...more,
    });
  };
  strict.guard = guard(strict, { nonces: true });
  legacy.guard = guard(legacy, { acceptBearer: true });
  const close = async () => {
    await Promise.all([embedded.close(), strict.close(), legacy.close()]);
  };
  return { table: embedded.ground, endpoints: embedded.world.endpoints, issuer, strict, legacy, attest, close };
}

export type Ground = Awaited<ReturnType<typeof openGround>>;
