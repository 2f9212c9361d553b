import type { Evidence } from "../../../core/attest/contract/attestor.ts";
import { matchSelectors } from "../../../core/attest/selectors.ts";
import { redactAll, redactTokens } from "../../../core/audit/redact.ts";
import type { AgentRegistration } from "../../../core/model/agent-registration.ts";
import { type Assurance, assuranceLevels } from "../../../core/model/assurance.ts";
import type { Check } from "../../../core/model/check.ts";
import type { AttestSettings } from "./settings.ts";

/** A check that a deployment makes and that was not made here, and why. */
interface NotChecked {
  readonly name: string;
  readonly why: string;
}

/** The answer of `lanyard attest --explain` about a document. */
export interface Explanation {
  readonly type: string;
  /** Whether every check that the settings allow has passed, and no check was left out that a proof needs. */
  readonly accepted: boolean;
  /** The assurance by the checks made here, at most the attestor's level; null unless accepted. */
  readonly assurance: Assurance | null;
  /** In order, up to the first that failed. */
  readonly checks: readonly Check[];
  readonly facts: Readonly<Record<string, string>>;
  readonly notChecked: readonly NotChecked[];
}

/** The document to explain, and the settings for it. */
export interface ExplainQuestion {
  readonly evidence: Evidence;
  readonly settings: AttestSettings;
  readonly nowSeconds: number;
  /** Whether AWS STS may be asked about a signed request; no when left out. */
  readonly online?: boolean;
}

/** Input of an explainer. */
export interface Asked extends ExplainQuestion {
  readonly onCheck: (check: Check) => void;
  /** Names a check that cannot be made. */
  readonly leaveOut: (name: string, why: string) => void;
}

/** What was proved. */
interface Held {
  readonly facts: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  /** The attestor's level when nothing is left out. */
  readonly assurance: Assurance;
}

/** Explains one type of evidence; undefined when it is refused, or cannot be decided here. */
export type Explainer = (asked: Asked) => Promise<Held | undefined>;

/** Checks that tie a document to one request, and those that tie it to us. */
const toRequest = ["challenge", "jkt", "key", "binding"];
const toUs = ["audience", "issuer", "binding"];

/** Runs an explainer and the registration's selectors after it, and composes the answer. */
export async function explanationOf(explain: Explainer, asked: ExplainQuestion): Promise<Explanation> {
  const checks: Check[] = [];
  const notChecked: NotChecked[] = [];
  const onCheck = (check: Check) => void checks.push(check);
  const leaveOut = (name: string, why: string) => void notChecked.push({ name, why });
  const held = await explain({ ...asked, onCheck, leaveOut });
  if (held) selectorCheck(held, { ...asked, onCheck, leaveOut });
  const accepted = held !== undefined && checks.every((check) => check.ok);
  return {
    type: asked.evidence.type,
    accepted,
    assurance: accepted ? assuranceHere(held.assurance, notChecked) : null,
    checks: checks.map(({ name, ok, detail }) => ({ name, ok, detail: redactTokens(detail) })),
    facts: redactAll(held?.facts ?? {}, redactTokens) as Record<string, string>,
    notChecked,
  };
}

/** The assurance that the checks made here support. A higher level would claim something that nobody has checked. */
function assuranceHere(most: Assurance, notChecked: readonly NotChecked[]): Assurance {
  const left = (names: readonly string[]) => notChecked.some(({ name }) => names.includes(name));
  const here: Assurance = !left(toRequest) && !left(toUs) ? most : left(toUs) ? "document" : "audience";
  return assuranceLevels.indexOf(here) < assuranceLevels.indexOf(most) ? here : most;
}

function selectorCheck(held: Held, { evidence, settings, onCheck, leaveOut }: Asked): void {
  const { selectors } = settings;
  if (!selectors) {
    leaveOut("selectors", "no selectors are given");
    return;
  }
  const registration: AgentRegistration = {
    kind: "agent",
    name: "explained",
    state: "active",
    owner: "",
    sponsor: "",
    selectors,
    minimumAssurance: "document",
    clients: [],
    may: [],
    lends: [],
    audiences: [],
  };
  const matched = matchSelectors("explained", registration, {
    type: evidence.type,
    facts: held.facts,
    tags: held.tags ?? {},
  });
  const missing = !matched.ok && matched.error.code === "selector_mismatch" ? matched.error.missing : "";
  onCheck({ name: "selectors", ok: matched.ok, detail: matched.ok ? "one holds" : `none holds; missed: ${missing}` });
}
