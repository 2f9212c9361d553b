import { fc, test } from "@fast-check/vitest";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { evidenceTypes } from "../../core/attest/methods.ts";
import { createRefusalAggregate } from "../../core/audit/aggregate.ts";
import { createAttestEndpoint } from "../../core/endpoints/attest.ts";
import { everyEvidence } from "../kit/evidence/every-evidence.ts";
import { randomIds } from "../kit/keys.ts";
import { toRecord } from "../kit/records.ts";
import { agent, agentId } from "../kit/registry.ts";
import { dpopProof } from "../kit/wire/key.ts";
import { attests, attestUrl } from "../kit/world/attests.ts";
import { issuer } from "../kit/world/ground.ts";
import { createWorld } from "../kit/world/world.ts";

type Lab = Awaited<ReturnType<typeof everyEvidence>>;
type Evidence = ReturnType<Lab["make"]>;
interface ToldCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

const types = [...evidenceTypes.keys()];
let lab: Lab;
beforeAll(async () => {
  lab = await everyEvidence();
});
let attest: (evidence: (challenge: string) => Evidence) => Promise<{ body: string; checks?: readonly ToldCheck[] }>;
let time: { seconds: number };
beforeEach(async () => {
  // whatever it proves, it is not this agent: every attestation here is refused
  const world = await createWorld([agent("planner", { selectors: [] }), ...lab.issuers], attests());
  time = world.time;
  attest = async (make) => {
    const challenge = await world.challenge();
    const evidence = make(challenge);
    // an aggregate of its own for each, or only the first refusal of a minute would be written
    const aggregate = createRefusalAggregate({ outbox: world.store, ids: randomIds, toRecord, clock: world.clock });
    const endpoint = createAttestEndpoint({ ...world.attestDeps, aggregate, attestors: lab.attestors });
    const dpop = [dpopProof(lab.key, { url: attestUrl, atSeconds: world.time.seconds })];
    const call = world.attestCall("/", { agent: agentId("planner"), evidence, challenge }, { dpop });
    const { status } = await endpoint({ ...call, platformCaller: lab.platformCaller });
    expect(status).toBeGreaterThanOrEqual(400);
    const body = world.store.records.pop()?.body ?? "";
    expect(body).toContain('"outcome":"denied"');
    for (const text of [challenge, ...secretsOf(evidence)]) expectNoPart(body, text);
    return { body, checks: JSON.parse(body).unmapped.lanyard.checks };
  };
});

/** Every text of evidence that no record may repeat: all but its kind, our own name and the name of the caller's key. */
const secretsOf = (value: unknown): readonly string[] => {
  const known = [...types, issuer, lab.key.jkt];
  if (typeof value === "string") return known.includes(value) || value.length < 20 ? [] : [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(secretsOf) : [];
};
/** No stretch of 20 characters of it, wherever it was cut. */
function expectNoPart(body: string, secret: string) {
  for (let at = 0; at + 20 <= secret.length; at += 10) {
    const part = secret.slice(at, at + 20);
    if (/\S{20}/.test(part)) expect(body.includes(part), `a part of the evidence: ${part}`).toBe(false);
  }
}
const bound = (challenge: string) => ({ challenge, jkt: lab.key.jkt });
const texts = (evidence: Evidence): readonly string[] => secretsOf(evidence);
const rewritten = (evidence: Evidence, change: (text: string) => string): Evidence =>
  JSON.parse(JSON.stringify(evidence), (_name, value) =>
    typeof value === "string" && texts(evidence).includes(value) ? change(value) : value,
  ) as Evidence;
describe.each(types)("a refused attestation by %s", (type) => {
  it("tells every check that passed where only the registration refuses it, and none of the evidence", async () => {
    const { checks = [], body } = await attest((challenge) => lab.make(type, bound(challenge)));
    expect(body).toContain("selector_mismatch");
    expect(checks.length).toBeGreaterThan(0);
    expect(checks.every(({ ok }) => ok)).toBe(true);
  });

  it("tells the checks up to the one that failed, where its evidence was altered", async () => {
    const flip = (text: string) => {
      const at = text.length - 6;
      return `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`;
    };
    const { checks = [], body } = await attest((challenge) => {
      const good = lab.make(type, bound(challenge));
      return texts(good).length === 0 ? { ...good, "lanyard-jkt": "another" } : rewritten(good, flip);
    });
    const failed = JSON.parse(body).unmapped.lanyard.denial;
    expect(checks.slice(0, -1).every(({ ok }) => ok)).toBe(true);
    // STS alone sees that a signature is wrong, and here it sees none
    if (failed.code !== "selector_mismatch") expect(checks.at(-1)?.ok).toBe(false);
    for (const { name, detail } of checks) expect([name.length < 64, detail.length <= 200]).toEqual([true, true]);
  });

  it("made for another challenge, another key or another hour repeats none of them", async () => {
    await attest(() => lab.make(type, bound("another-challenge-that-somebody-else-was-given")));
    await attest((challenge) => lab.make(type, { challenge, jkt: "another-thumbprint-of-some-other-agents-key" }));
    const early = await attest((challenge) => lab.make(type, bound(challenge)));
    expect(early.body).toContain(`"evidence_type":"${type}"`);
    time.seconds += 3_000;
    await attest((challenge) => lab.make(type, bound(challenge)));
  });

  it("repeats nothing that stands where it should not", async () => {
    const [secret = ""] = texts(lab.make("oidc", bound("c")));
    await attest((challenge) => ({ ...lab.make(type, bound(challenge)), extra: secret }));
    await attest((challenge) => ({ ...lab.make(type, bound(challenge)), [secret]: "member" }));
    await attest((challenge) => ({ ...lab.make(type, bound(challenge)), instanceIdentity: secret }));
    await attest((challenge) => rewritten(lab.make(type, bound(challenge)), () => secret));
    await attest((challenge) => ({ ...lab.make(type, bound(challenge)), type: secret.slice(0, 64) }));
    await attest((challenge) => ({
      ...lab.make(type, bound(challenge)),
      type: secret.split(".")[2]?.slice(0, 64) ?? "",
    }));
  });
});

const secret = fc.oneof(
  fc
    .uint8Array({ minLength: 48, maxLength: 300 })
    .map((bytes) => `eyJhbGciOiJFUzI1NiJ9.${Buffer.from(bytes).toString("base64url")}.${"A".repeat(20)}bcdefgh`),
  fc.constant(
    "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----",
  ),
  fc.constant(`IQoJb3JpZ2luX2VjE${"aB3/".repeat(40)}=`),
);

describe("a check's words", () => {
  test.prop([secret, fc.string({ maxLength: 40 }), fc.string({ maxLength: 40 }), fc.nat({ max: 2 })])(
    "are kept clean like every other text, whatever a parser put into them",
    (hidden, before, after, where) => {
      const detail =
        where === 0 ? `${before}${hidden}` : where === 1 ? `${hidden} ${after}` : `${before} ${hidden} ${after}`;
      // directly behind a letter it would be part of a longer word of the attacker's, and is no token to anybody
      fc.pre(where !== 0 || !/[A-Za-z0-9_+/-]$/.test(before));
      const { body } = toRecord(
        {
          operation: "attest",
          outcome: "denied",
          timeMillis: 1,
          requestId: "r",
          checks: [{ name: "signature", ok: false, detail }],
          denial: { code: "evidence_invalid", type: "oidc", check: "signature", why: detail },
        },
        "denied#x",
      );
      expect(body.includes(hidden.slice(25, 45))).toBe(false);
    },
  );
});
