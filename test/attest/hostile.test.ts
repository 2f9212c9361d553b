import { fc, test } from "@fast-check/vitest";
import { beforeAll, describe, expect, it } from "vitest";
import type { Evidence, Expectation } from "../../core/attest/contract/attestor.ts";
import { readCertificate } from "../../core/attest/formats/x509.ts";
import { readStsClaims } from "../../core/attest/methods/aws-sts-web-identity/claims.ts";
import { evidenceTypes } from "../../core/attest/methods.ts";
import type { Check } from "../../core/model/check.ts";
import { limits } from "../../core/model/limits.ts";
import { callerIssuer, callerNow } from "../kit/evidence/caller-identity.ts";
import { issue } from "../kit/evidence/certificates.ts";
import { everyEvidence } from "../kit/evidence/every-evidence.ts";
import { cpuWatch } from "../kit/patience.ts";
import { registry } from "../kit/registry.ts";

/** What one evaluation may take here, where it is alone: generous, since it only has to tell linear from not. */
const mostMillis = 1_000;
type Lab = Awaited<ReturnType<typeof everyEvidence>>;
let lab: Lab;
beforeAll(async () => {
  lab = await everyEvidence();
});
const types = [...evidenceTypes.keys()];

const bound = () => ({ challenge: "c-1", jkt: lab.key.jkt });
async function evaluate(evidence: Evidence) {
  const attestor = lab.attestors.find(({ type }) => type === evidence.type);
  if (!attestor) throw new Error(`no attestor of ${evidence.type}`);
  const checks: Check[] = [];
  const expectation: Expectation = {
    ...bound(),
    issuer: callerIssuer,
    nowSeconds: callerNow,
    registry: registry(1, ...lab.issuers),
    platformCaller: lab.platformCaller,
    onCheck: (check) => checks.push(check),
  };
  const cpuMillis = cpuWatch();
  const result = await attestor.attest(evidence, expectation);
  expect(cpuMillis()).toBeLessThan(mostMillis);
  return { result, checks };
}
const good = (type: string) => lab.make(type, bound());

/** Paths of every text inside evidence, its type left out. */
const texts = (value: unknown, path: readonly string[] = []): (readonly string[])[] => {
  if (typeof value === "string") return path[0] === "type" ? [] : [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => texts(inner, [...path, name]));
};
/** A copy of evidence with one value in it changed. */
function changed(evidence: Evidence, path: readonly string[], change: (was: unknown) => unknown): Evidence {
  const copy = structuredClone(evidence) as Record<string, unknown>;
  let at: Record<string, unknown> = copy;
  for (const name of path.slice(0, -1)) at = at[name] as Record<string, unknown>;
  const last = path.at(-1) ?? "";
  at[last] = change(at[last]);
  return copy as Evidence;
}

describe.each(types)("evidence of kind %s", (type) => {
  it("is taken when it is genuine, so that what follows is refused for what was changed", async () => {
    expect(await evaluate(good(type))).toMatchObject({ result: { ok: true } });
  });

  test.prop([fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }))], { numRuns: 60 })(
    "of any members crashes nothing and proves nothing",
    async (members) => {
      const { result } = await evaluate({ ...members, type });
      expect(result).toMatchObject({ ok: false, error: { code: expect.stringMatching(/^evidence_|^attestation_/) } });
    },
  );

  test.prop([fc.nat(), fc.jsonValue({ maxDepth: 4 })], { numRuns: 60 })(
    "with something else in place of one text proves nothing",
    async (nth, value) => {
      const evidence = good(type);
      const paths = texts(evidence);
      const path = paths[nth % paths.length] ?? [];
      // STS alone could tell one signature from another, and is not here
      fc.pre(typeof value !== "string");
      expect((await evaluate(changed(evidence, path, () => value))).result.ok).toBe(false);
    },
  );

  test.prop(
    [fc.nat(), fc.nat(), fc.constantFrom("cut", "double", "swap", "prefix", "nul"), fc.string({ maxLength: 8 })],
    {
      numRuns: 80,
    },
  )("with one text cut, doubled or overwritten crashes nothing", async (nth, at, how, put) => {
    const evidence = good(type);
    const paths = texts(evidence);
    const path = paths[nth % paths.length] ?? [];
    const { result, checks } = await evaluate(
      changed(evidence, path, (was) => {
        const text = String(was);
        const here = text.length === 0 ? 0 : at % text.length;
        if (how === "cut") return text.slice(0, here);
        if (how === "double") return text + text;
        if (how === "prefix") return put + text;
        return text.slice(0, here) + (how === "nul" ? "\0" : put) + text.slice(here + put.length);
      }),
    );
    expect(result.ok ? "ok" : result.error.code).toMatch(/^ok$|^evidence_|^attestation_|^keys_/);
    // told in order, up to the first that fails
    expect(checks.slice(0, -1).every((check) => check.ok)).toBe(true);
  });

  it.each<[string, string]>([
    ["opening brackets", "["],
    ["nested sequences", "MIAwgDCAMIAwgDCA"],
    ["nested arrays of CBOR", "n5+fn5+f"],
    ["dots", "."],
    ["line breaks", "\n"],
    ["padding", "="],
    ["semicolons", ";"],
    ["quotes", '"'],
    ["characters of four bytes", "\u{1f511}"],
  ])("as long as a body may be, of %s, is refused at once and asks nobody outside", async (_name, unit) => {
    const text = unit.repeat(Math.floor(limits.requestBodyBytes / unit.length));
    for (const path of texts(good(type))) {
      const before = lab.asked();
      expect((await evaluate(changed(good(type), path, () => text))).result.ok).toBe(false);
      expect(lab.asked() - before).toBe(0);
    }
  });
});

describe("what the kinds share", () => {
  const sound = issue({ uris: ["spiffe://one.example/a"] }, issue({ subject: "root", ca: true })).der;

  test.prop([fc.uint8Array({ maxLength: 3_000 })])("a certificate of any bytes is refused", (bytes) => {
    expect(readCertificate(bytes).ok).toBe(false);
  });

  test.prop([fc.nat({ max: sound.length - 1 }), fc.integer({ min: 1, max: 255 })])(
    "a certificate with any octet changed is read or refused, never thrown at",
    (at, mask) => {
      const bytes = Buffer.from(sound);
      bytes[at] = (bytes[at] ?? 0) ^ mask;
      const read = readCertificate(bytes);
      expect(read.ok || read.error.length > 0).toBe(true);
    },
  );

  test.prop([fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()])(
    "claims of STS of any shape are refused",
    (payload, said) => {
      const issuer = lab.issuers.find(({ purpose }) => purpose === "aws-sts");
      if (!issuer) throw new Error("no issuer");
      const claims = { ...payload, "https://sts.amazonaws.com/": said };
      expect(readStsClaims(claims, issuer).ok).toBe(false);
    },
  );
});
