import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { stringify } from "yaml";
import { awsStsWebIdentity } from "../client/evidence/aws-sts-web-identity.ts";
import { raiseWorld, type World } from "../local/demo/story/world.ts";
import { startReceiver } from "../test/kit/wire/receiver.ts";
import type { Ground, ReceivedEvent, Workload } from "./ground.ts";
import { operatorAt } from "./settings.ts";

/** The embedded cloud, raised to be examined. */
interface Embedded {
  readonly world: World;
  readonly ground: Ground;
  close(): Promise<void>;
}

const ownRegistry = join(import.meta.dirname, "registry");
const at = (name: string) => `https://${name}.conformance.example`;
const eventAudience = "https://receiver.conformance.example";

/**
 * Raises the embedded cloud in memory, with the registry of `conformance/registry`.
 * @param more rows for whoever shares the cloud
 */
export async function openEmbedded(more: readonly object[] = []): Promise<Embedded> {
  const receiver = await startReceiver();
  const registry = mkdtempSync(join(tmpdir(), "lanyard-conformance-"));
  cpSync(ownRegistry, registry, { recursive: true });
  const receiving = {
    kind: "receiver",
    name: "conformance",
    endpoint: receiver.endpoint,
    audience: eventAudience,
    resources: [at("desk")],
  };
  const text = [receiving, ...more].map((row) => stringify(row));
  writeFileSync(join(registry, "here.yaml"), text.join("---\n"));
  const world = await raiseWorld({ memory: true, registry, onProgress: () => undefined });
  const close = async () => {
    await world.close();
    await receiver.close();
    rmSync(registry, { recursive: true, force: true });
  };
  const events = (): readonly ReceivedEvent[] =>
    receiver.calls.map(({ token, headers: { "content-type": contentType = "", accept = "" } }) => ({
      token,
      contentType,
      accept,
      audience: eventAudience,
    }));
  return { world, ground: { ...groundOf(world), events }, close };
}

function groundOf(world: World): Ground {
  const { endpoints, provider } = world;
  const played = (name: string): Workload => {
    const registered = endpoints.agents[`conformance/${name}`];
    if (!registered) throw new Error(`no agent conformance/${name}`);
    const credentials = { ...registered.credentials };
    return { id: registered.id, evidence: awsStsWebIdentity({ ...endpoints.aws, credentials }) };
  };
  const signedIn = async (application: string) => (await provider.signInAs(application)).id_token;
  const asserted = (application: string) =>
    provider.assert(application, { resource: at("tickets"), scope: "tickets:read tickets:write" });
  const customers = (...names: readonly string[]) => ({ type: "conformance-customers", customers: names });
  return {
    issuer: endpoints.issuer,
    worker: played("worker"),
    server: played("server"),
    opener: played("opener"),
    helper: played("helper"),
    stranger: played("stranger"),
    own: { uri: at("desk"), scopes: ["work:read", "work:write"] },
    other: { uri: at("shelf"), scopes: ["shelf:read"] },
    rsa: { uri: at("shelf"), scopes: ["shelf:read"] },
    bearer: { uri: at("door"), scopes: ["door:open"] },
    counted: { uri: at("counter"), scopes: ["counter:use"] },
    lent: { uri: at("tickets"), scopes: ["tickets:read", "tickets:write"] },
    named: { uri: at("ledger"), scopes: ["ledger:read"] },
    signedIn: { uri: at("vault"), scopes: ["vault:open"] },
    onward: { uri: at("archive"), scopes: ["archive:read"] },
    person: () => signedIn("planner"),
    foreignPerson: () => signedIn("triage"),
    asserted: () => asserted("planner"),
    foreignAsserted: () => asserted("triage"),
    details: {
      granted: customers("c-1", "c-2"),
      narrower: customers("c-1"),
      beyond: customers("c-1", "c-3"),
      malformed: { type: "conformance-customers", customers: "c-1" },
    },
    operator: operatorAt(
      endpoints.admin,
      new DynamoDBClient({ ...endpoints.aws, credentials: { ...endpoints.operator.credentials } }),
    ),
  };
}
