import { randomUUID } from "node:crypto";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { oidc } from "../../../core/attest/methods/oidc/attestor.ts";
import { createAttestEndpoint } from "../../../core/endpoints/attest.ts";
import { createKeySets } from "../../../core/keys/key-sets.ts";
import { limits } from "../../../core/model/limits.ts";
import { createOutbox } from "../../../lambdas/aws/dynamodb/outbox.ts";
import { createSessionStore } from "../../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { MemoryStore } from "../../kit/memory/store.ts";
import { agent, agentId, registry } from "../../kit/registry.ts";
import { dpopProof, type TestKey, testKey } from "../../kit/wire/key.ts";
import { attests, attestUrl } from "../../kit/world/attests.ts";
import { issuer, startSeconds } from "../../kit/world/ground.ts";
import { createWorld } from "../../kit/world/world.ts";
import { type Cloud, openCloud } from "../tables.ts";

const cluster = "https://cluster.example.com";
const subject = "system:serviceaccount:agents:planner";
const after = 600;
const trusted = {
  kind: "trusted-issuer",
  name: "cluster",
  purpose: "workload",
  issuer: cluster,
  algorithms: ["ES256"],
} as const;

let cloud: Cloud;
beforeAll(async () => {
  cloud = await openCloud();
  for (let copy = 0; copy < limits.deploymentCopies; copy++)
    await cloud.client.send(
      new PutCommand({ TableName: "Revocations", Item: { subject: `deployment#${copy}`, registryVersion: 1 } }),
    );
});
afterAll(() => cloud.close());

/** One document of a pod that lives for an hour, shown to the attest function over one kind of tables. */
async function world(kind: "tables" | "fake", replacesKeyAfterSeconds: number | undefined = after) {
  const row = (seconds: number | undefined) =>
    agent("pod", {
      selectors: [{ type: "oidc", exact: { issuer: cluster, subject } }],
      minimumAssurance: "document",
      ...(seconds === undefined ? {} : { replacesKeyAfterSeconds: seconds }),
    });
  const made = await createWorld([row(replacesKeyAfterSeconds), trusted], attests());
  const issuerKey = await testKey();
  made.web.issuer(cluster, [{ ...issuerKey.jwk, kid: "k", alg: "ES256", use: "sig" }]);
  const keySets = createKeySets({ fetcher: made.web, clock: made.clock, ownIssuer: issuer });
  const real = { ...cloud, clock: made.clock };
  const store = kind === "fake" ? made.store : createSessionStore(real.client, real.tables, real.clock);
  const written: Record<string, unknown>[] = [];
  const endpoint = createAttestEndpoint({
    ...made.attestDeps,
    store: {
      ...(store instanceof MemoryStore ? bound(store) : store),
      commit: async (write) => {
        const outcome = await store.commit(write);
        if (outcome.ok) written.push(JSON.parse(write.record.body));
        return outcome;
      },
    },
    ...(kind === "fake" ? {} : { outbox: createOutbox(cloud.client, cloud.tables) }),
    attestors: [oidc({ keySets })],
  });
  const times = { iat: startSeconds, exp: startSeconds + 3_600 };
  const claims = { iss: cluster, sub: subject, aud: issuer, jti: randomUUID(), ...times };
  const token = issuerKey.jws({ alg: "ES256", kid: "k" }, claims);
  /** What the endpoint answers when a key shows the document, at what the clock of the instance it meets says. */
  const show = async (key: TestKey, atSeconds: number) => {
    made.time.seconds = startSeconds + atSeconds;
    const challenge = await made.challenge();
    const body = { agent: agentId("pod"), evidence: { type: "oidc", token }, challenge };
    const reply = await endpoint(
      made.attestCall("/", body, { dpop: [dpopProof(key, { url: attestUrl, atSeconds: made.time.seconds })] }),
    );
    return reply.status === 200 ? "attested" : reply.status;
  };
  const register = (seconds: number | undefined) => void made.versions.set(1, registry(1, row(seconds), trusted));
  /** Of each attestation: the key it was for, and whether it replaced another. */
  const taken = () => written.map(({ unmapped, severity }) => ({ ...lanyard(unmapped), severity }));
  return { ...made, show, register, taken };
}

const bound = (store: MemoryStore) => ({
  readLiveness: store.readLiveness.bind(store),
  readOffer: store.readOffer.bind(store),
  readHandle: store.readHandle.bind(store),
  readSession: store.readSession.bind(store),
  findSession: store.findSession.bind(store),
  use: store.use.bind(store),
  confirm: store.confirm.bind(store),
  end: store.end.bind(store),
  growTree: store.growTree.bind(store),
  locatorSecret: store.locatorSecret.bind(store),
  leaseStatus: store.leaseStatus.bind(store),
});

const lanyard = (unmapped: unknown) => {
  const { jkt, key_replaced } = (unmapped as { lanyard: Record<string, unknown> }).lanyard;
  return { jkt, replaced: key_replaced };
};

describe.each(["tables", "fake"] as const)("a document whose key is gone, over the %s", (kind) => {
  let [pod, restarted, thief]: TestKey[] = [];
  beforeEach(async () => {
    [pod, restarted, thief] = await Promise.all([testKey(), testKey(), testKey()]);
  });
  const keys = () => {
    if (!pod || !restarted || !thief) throw new Error("no keys were made");
    return { pod, restarted, thief };
  };

  it("threat 16: is refused to a thief for as long as its owner attests", async () => {
    const { show, taken } = await world(kind);
    for (let at = 0; at <= 3_000; at += 300) {
      expect(await show(keys().pod, at)).toBe("attested");
      expect(await show(keys().thief, at + 299)).toBe(401);
    }
    expect(taken().every(({ jkt, replaced }) => jkt === keys().pod.jkt && replaced === undefined)).toBe(true);
  });

  it("threat 16: goes to another key once the first was silent for as long as the registration says, with a record", async () => {
    const { show, taken } = await world(kind);
    expect(await show(keys().pod, 0)).toBe("attested");
    for (const early of [20, after - 1, after]) expect(await show(keys().restarted, early)).toBe(401);
    expect(await show(keys().restarted, after + 1)).toBe("attested");
    expect(await show(keys().restarted, after + 2)).toBe("attested");
    expect(taken()).toEqual([
      { jkt: keys().pod.jkt, replaced: undefined, severity: "Informational" },
      { jkt: keys().restarted.jkt, replaced: true, severity: "Low" },
      { jkt: keys().restarted.jkt, replaced: undefined, severity: "Informational" },
    ]);
  });

  it("threat 16: never goes back to a key that lost it, so that whoever was replaced alive is refused and rings", async () => {
    const { show, takeDenial, store, taken } = await world(kind);
    expect(await show(keys().pod, 0)).toBe("attested");
    expect(await show(keys().thief, after + 1)).toBe("attested");
    for (const at of [after + 2, 2 * after + 2, 3_500]) expect(await show(keys().pod, at)).toBe(401);
    if (store.records.length > 0) expect(takeDenial().own.denial.code).toBe("evidence_of_another_key");
    expect(taken()).toHaveLength(2);
    // a workload that starts anew has a key that nobody saw
    expect(await show(keys().restarted, 3_500)).toBe("attested");
  });

  it("threat 16: goes to one of two keys that come at one instant", async () => {
    const { show, taken } = await world(kind);
    expect(await show(keys().pod, 0)).toBe("attested");
    const both = [show(keys().restarted, after + 1), show(keys().thief, after + 1)];
    expect((await Promise.all(both)).sort()).toEqual([401, "attested"]);
    expect(taken().filter(({ replaced }) => replaced)).toHaveLength(1);
  });

  it("threat 16: is refused by an instance whose clock is behind, and its owner's last sight is not in its future", async () => {
    const { show } = await world(kind);
    expect(await show(keys().pod, 120)).toBe("attested");
    for (const behind of [0, 60, 119]) expect(await show(keys().thief, behind)).toBe(401);
    expect(await show(keys().pod, 60)).toBe("attested");
    // an owner seen by a slow clock, a thief by a fast one: the least silence has room for both
    expect(await show(keys().thief, 60 + limits.identityTokenLifeSeconds + limits.foreignSkewSeconds)).toBe(401);
  });

  it("threat 16: stays the first key's until it expires where the registration says nothing", async () => {
    const { show } = await world(kind, undefined);
    const without = await world(kind);
    without.register(undefined);
    for (const each of [without]) {
      expect(await each.show(keys().pod, 0)).toBe("attested");
      for (const at of [after + 1, 3_599]) expect(await each.show(keys().restarted, at)).toBe(401);
      expect(await each.show(keys().pod, 3_599)).toBe("attested");
    }
    expect(await show(keys().pod, 0)).toBe("attested");
  });

  it("threat 16: is replaced by the registration of now, whatever it said when the document came first", async () => {
    const { show, register } = await world(kind);
    register(undefined);
    expect(await show(keys().pod, 0)).toBe("attested");
    register(limits.keySilenceLeastSeconds);
    expect(await show(keys().restarted, limits.keySilenceLeastSeconds)).toBe(401);
    expect(await show(keys().restarted, limits.keySilenceLeastSeconds + 1)).toBe("attested");
    register(undefined);
    expect(await show(keys().thief, 3_000)).toBe(401);
  });
});
