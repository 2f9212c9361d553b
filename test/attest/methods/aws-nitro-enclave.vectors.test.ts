import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { awsNitroRoot } from "../../../core/attest/formats/nitro/root.ts";
import { verifyNitroDocument } from "../../../core/attest/formats/nitro/verify.ts";
import { nitroMutants } from "../../../scripts/vectors/evidence/aws-nitro-enclave.ts";
import { VectorFolder } from "../../../scripts/vectors/folder.ts";

const folder = new URL("../../vectors/02-nitro/", import.meta.url);
const read = (file: string): Uint8Array => readFileSync(new URL(file, folder));
const json = <T>(file: string): readonly T[] => JSON.parse(Buffer.from(read(file)).toString("utf8"));

interface Real {
  readonly file: string;
  readonly expected: "valid" | "invalid";
  readonly verify_clock_ms: number;
  readonly debug_mode: boolean;
  readonly module_id: string;
  readonly pcrs: Readonly<Record<string, string>>;
}

interface Mutant {
  readonly file: string;
  readonly expected: string;
  readonly trust_root: string;
  readonly verify_clock: string;
}

const real = json<Real>("manifest.json");
const mutants = json<Mutant>("mutants-manifest.json").filter((m) => m.file.endsWith(".bin"));
const wallClock = Date.parse("2026-11-24T00:00:00Z") / 1000;
const verify = (file: string, nowSeconds: number) =>
  verifyNitroDocument(read(file), { kind: "enclave", root: awsNitroRoot, nowSeconds });

describe("the pinned root", () => {
  it("is the published one", () => {
    expect(Buffer.from(awsNitroRoot)).toEqual(Buffer.from(read("certs/aws-nitro-root-g1.der")));
  });
});

describe("a genuine document", () => {
  it.each(real.filter((r) => r.expected === "valid" && !r.debug_mode))(
    "of a production enclave is proven at its own time: $file",
    async ({ file, verify_clock_ms, module_id, pcrs }) => {
      const result = await verify(file, Math.floor(verify_clock_ms / 1000));
      if (!result.ok) throw new Error(JSON.stringify(result.error));
      expect(result.value.document.moduleId).toBe(module_id);
      for (const [index, value] of Object.entries(pcrs))
        expect(Buffer.from(result.value.document.pcrs.get(Number(index)) ?? []).toString("hex")).toBe(value);
    },
  );

  it.each(real.filter((r) => r.expected === "valid" && r.debug_mode))(
    "of an enclave in debug mode is genuine, and refused: $file",
    async ({ file, verify_clock_ms }) => {
      const result = await verify(file, Math.floor(verify_clock_ms / 1000));
      expect(result).toMatchObject({ ok: false, error: { check: "measured", genuine: true } });
    },
  );

  it.each(real)("is refused today: $file", async ({ file }) => {
    const result = await verify(file, wallClock);
    expect(result).toMatchObject({ ok: false, error: { check: "path", genuine: false } });
  });
});

describe("a spoilt document", () => {
  it.each(real.filter((r) => r.expected === "invalid"))(
    "is refused by its signature: $file",
    async ({ file, verify_clock_ms }) => {
      const result = await verify(file, Math.floor(verify_clock_ms / 1000));
      expect(result).toMatchObject({ ok: false, error: { check: "signature", genuine: false } });
    },
  );
});

describe("the test documents", () => {
  const documents = nitroMutants.documents(mutants, new VectorFolder(folder.pathname, ""), "") ?? [];
  it.each(documents)("$file: $said", async ({ expected, evaluate }) => {
    expect(expected).toEqual([(await evaluate()).outcome]);
  });

  it.each(mutants.filter((m) => m.trust_root !== "aws"))(
    "under a look-alike root is never AWS's: $file",
    async ({ file, verify_clock }) => {
      const result = await verify(file, Math.floor(Date.parse(verify_clock) / 1000));
      expect(result).toMatchObject({ ok: false, error: { genuine: false } });
    },
  );
});
