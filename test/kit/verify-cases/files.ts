import type { CaseFile, VerifyCase } from "./case.ts";
import { detailsCases } from "./details.ts";
import { documents, issuer, nowSeconds, resource, startProofs, target } from "./issuer.ts";
import { livenessCases } from "./liveness.ts";
import { proofCases } from "./proofs.ts";
import { randomCases } from "./random.ts";
import { replyCases } from "./replies.ts";
import { requestCases } from "./requests.ts";
import { runCase } from "./run.ts";
import { tokenCases } from "./tokens.ts";

const about = (what: string): string =>
  `${what} Written by node scripts/verify-cases.ts; run by test/verify/shared-cases.test.ts and python/tests/test_shared_cases.py.`;

const file = (name: string, what: string, make: () => readonly VerifyCase[]): CaseFile => {
  startProofs(name);
  return { about: about(what), nowSeconds, issuer, resource, target, documents, cases: make() };
};

/** Each step with what the TypeScript guard makes of it; `whole` keeps its replies too. */
async function recorded(given: CaseFile, whole: boolean): Promise<CaseFile> {
  const cases: VerifyCase[] = [];
  for (const one of given.cases) {
    const outcomes = await runCase(given, one);
    const steps = one.steps.map((step, n) => {
      const { expect = "", reply } = outcomes[n] ?? {};
      return { ...step, ...(step.expect === "recorded" ? { expect } : {}), ...(whole && reply ? { reply } : {}) };
    });
    cases.push({ ...one, steps });
  }
  return { ...given, cases };
}

/** Every file of cases, by its name in `conformance/verify`. */
export async function caseFiles(): Promise<ReadonlyMap<string, CaseFile>> {
  const stated = "What is expected is stated by hand.";
  const record = "What is expected is recorded from the TypeScript guard: the other must agree.";
  return new Map([
    ["tokens", file("tokens", `Access tokens, issuers' keys and metadata. ${stated}`, tokenCases)],
    ["proofs", file("proofs", `DPoP proofs and their replays. ${stated}`, proofCases)],
    ["liveness", file("liveness", `Status lists and documents of cuts. ${stated}`, livenessCases)],
    ["requests", file("requests", `Headers, schemes, nonces, introspection, URLs. ${stated}`, requestCases)],
    ["replies", await recorded(file("replies", `Answers, compared whole. ${record}`, replyCases), true)],
    ["details", await recorded(file("details", `Authorization details by each rule. ${record}`, detailsCases), false)],
    [
      "random",
      await recorded(
        file("random", `Tokens with claims at random. ${record}`, () => randomCases(150)),
        false,
      ),
    ],
  ]);
}

/** A file's text: a line a case. */
export function caseText({ cases, ...rest }: CaseFile): string {
  const lines = cases.map((one) => JSON.stringify(one)).join(",\n");
  return `${JSON.stringify(rest).slice(0, -1)},"cases":[\n${lines}\n]}\n`;
}
