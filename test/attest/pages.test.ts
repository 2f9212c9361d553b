import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { callerEvidenceKinds } from "../../bench/attest/callers.ts";
import { hardwareEvidenceKinds } from "../../bench/attest/hardware.ts";
import { tokenEvidenceKinds } from "../../bench/attest/tokens.ts";
import { explainedTypes } from "../../bin/lanyard/attest/explain.ts";
import { nitroFacts } from "../../core/attest/formats/nitro/facts.ts";
import { claimFacts } from "../../core/attest/methods/oidc/claims.ts";
import { evidenceTypes } from "../../core/attest/methods.ts";

const folder = new URL("../../docs/attestation/", import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, folder), "utf8");
const types = [...evidenceTypes.keys()].sort();
const shape = [
  "How it works",
  "Settings",
  "Permissions needed on both sides",
  "Facts",
  "What it does not prove",
] as const;

/** The text under a heading, up to the next of its rank. */
function section(page: string, heading: string): string {
  const [, after = ""] = page.split(`\n## ${heading}\n`);
  return after.split("\n## ")[0] ?? "";
}

/** Names in code marks. */
const marked = (text: string): readonly string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

/** What proving a document of each kind really answers, as facts. */
async function emitted(): Promise<ReadonlyMap<string, { facts: readonly string[]; assurance: string | undefined }>> {
  const kinds = [...(await tokenEvidenceKinds()), ...callerEvidenceKinds(), ...(await hardwareEvidenceKinds())];
  const told = new Map<string, { facts: readonly string[]; assurance: string | undefined }>();
  for (const { type, prove } of kinds) {
    const result = (await prove()) as { readonly value?: Record<string, never> };
    const { facts: given, document, assurance, ...alone } = result.value ?? {};
    const { pendingTimeSeconds: _, ...instance } = alone;
    told.set(type, { facts: Object.keys(given ?? (document ? nitroFacts(document) : instance)), assurance });
  }
  return told;
}

describe("the pages on attestors", () => {
  it("are one for every kind of evidence that a registration can select by", () => {
    const pages = readdirSync(folder).map((file) => file.replace(/\.md$/, ""));
    expect(pages.filter((page) => page !== "README" && page !== "code-binding").sort()).toEqual(types);
    const listed = [...read("README.md").matchAll(/^\| \[([a-z0-9-]+)\]\(\1\.md\)/gm)].map(([, type]) => type);
    expect(listed.sort()).toEqual(types);
    expect([...explainedTypes].sort()).toEqual(types);
  });

  it.each(types)("%s has the five sections, in order, none empty", (type) => {
    const page = read(`${type}.md`);
    expect(page.startsWith(`# Attestor \`${type}\`\n`)).toBe(true);
    const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, heading = ""]) => heading);
    expect(headings.filter((heading) => shape.some((wanted) => wanted === heading))).toEqual(shape);
    for (const heading of shape) expect(section(page, heading).trim().length, heading).toBeGreaterThan(4);
  });

  it.each(types)("%s says which facts a selector must pin", (type) => {
    const settings = section(read(`${type}.md`), "Settings");
    const { anchors = [], companions = [] } = evidenceTypes.get(type) ?? {};
    const needed = [...anchors, ...companions];
    // as `exact` with `name`, or as `exact: { name }`
    for (const name of needed) expect(settings).toMatch(new RegExp(`\`(exact: \\{ )?${name}( \\})?\``));
  });

  it("name every fact that is emitted, and its assurance", async () => {
    const told = await emitted();
    expect([...told.keys()].sort()).toEqual(types);
    for (const [type, { facts: names, assurance }] of told) {
      const [row = ""] = read("README.md").match(new RegExp(`^.*\\(${type}\\.md\\).*$`, "m")) ?? [];
      const stated = /ssurance:? `(\w+)`/.exec(
        section(read(`${type}.md`), "Facts")
          .split("Alone")
          .at(-1) ?? "",
      )?.[1];
      expect(row.split("|")[3], type).toMatch(new RegExp(`\\b${stated}\\b`));
      // what only a document was verified of has none yet
      if (assurance !== undefined) expect(stated, type).toBe(assurance);
      expect(evidenceTypes.get(type)?.assurance, type).toBe(stated);
      expect(
        names.filter((name) => !evidenceTypes.get(type)?.states(name)),
        `${type} states what no selector may name`,
      ).toEqual([]);
      const named = marked(section(read(`${type}.md`), "Facts"));
      // registers are numbered, claims are the issuer's own: their pages say so once
      const own = names.filter((name) => !/^pcr\d+$/.test(name) && !name.startsWith("claim."));
      expect(own.length, type).toBeGreaterThan(1);
      expect(
        own.filter((name) => !named.includes(name)),
        type,
      ).toEqual([]);
    }
  });

  it("list exactly the nested claims that are given flat names", () => {
    const of = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, "x"]));
    const { namespace } = of("namespace");
    const payload = {
      "kubernetes.io": { namespace, ...nest(["serviceaccount", "pod", "node"], of("name", "uid", "labels")) },
      google: { compute_engine: { ...of("project_id", "instance_id", "zone"), project_number: 74 } },
    };
    const rows = section(read("oidc.md"), "Settings").match(/^\| `claim\..*$/gm) ?? [];
    const listed = rows.flatMap((row) => {
      const [first = "", ...others] = marked(row.split("|")[1] ?? "");
      return [first, ...others.map((name) => first.replace(/\.\w+$/, name))];
    });
    expect(listed.sort()).toEqual(Object.keys(claimFacts(payload)).sort());
  });
});

const nest = (names: readonly string[], inner: object) => Object.fromEntries(names.map((name) => [name, inner]));
