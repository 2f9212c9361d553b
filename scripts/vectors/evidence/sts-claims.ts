import { z } from "zod";
import { readStsClaims } from "../../../core/attest/methods/aws-sts-web-identity/claims.ts";
import type { TrustedIssuerRegistration } from "../../../core/model/registry.ts";
import { type Evaluated, eachCase, notOurs, topic } from "../document.ts";

const namespace = "https://sts.amazonaws.com/";
type Payload = Readonly<Record<string, unknown>>;

const accountOf = (issuer: string, account: string): TrustedIssuerRegistration => ({
  kind: "trusted-issuer",
  name: "account",
  purpose: "aws-sts",
  issuer,
  algorithms: ["RS256", "ES384"],
  account,
});

/** Reads claims as of a token whose signature is good, by a registration of the account that they name. */
function evaluate(payload: Payload): Evaluated {
  const { aws_account } = (payload[namespace] ?? {}) as { aws_account?: unknown };
  const read = readStsClaims(payload, accountOf(String(payload.iss), String(aws_account)));
  if (!read.ok) return { outcome: "invalid", reason: `${read.error.check}: ${read.error.why}` };
  if (read.value.facts.roleArn !== payload.sub) throw new Error("it was read as another role than sub");
  return { outcome: "valid", reason: `role ${read.value.facts.roleArn}` };
}

const sample = z.looseObject({ source: z.string(), payload: z.record(z.string(), z.unknown()) });
const samples = z.looseObject({ samples: z.array(z.unknown()) });

/** Whether a published payload may be a workload's: a role of an account, and not a person's; redacted ones name none. */
function isWorkload(payload: Payload): boolean {
  const { identity_store_user_id } = (payload[namespace] ?? {}) as { identity_store_user_id?: unknown };
  const person = identity_store_user_id !== undefined || String(payload.sub).includes(":role/aws-reserved/");
  return /^arn:aws[a-z-]*:iam::\d{12}:role\//.test(String(payload.sub)) && !person;
}

/** Published payloads of GetWebIdentityToken. */
export const stsPayloads = topic(/^payloads\.json$/, samples, (given, folder, file) =>
  eachCase(given.samples, { folder, file, shape: sample }, ({ source, payload }) => ({
    file: folder.label(file, source),
    said: isWorkload(payload) ? "a workload" : "no workload",
    expected: [isWorkload(payload) ? ("valid" as const) : ("invalid" as const)],
    evaluate: () => evaluate(payload),
  })),
);

const catalogue = z.looseObject({
  standard: z.array(z.string()),
  namespace: z.literal(namespace),
  identity: z.array(z.string()),
  session: z.array(z.string()),
  caller_chosen: z.array(z.string()),
});

const good: Payload = {
  iss: "https://11111111-2222-3333-4444-555555555555.tokens.sts.global.api.aws",
  sub: "arn:aws:iam::123456789012:role/agents/planner",
};
const bare = { aws_account: "123456789012" };

/** A claim of the catalogue with a value in it, read beside what every token has. */
function evaluateClaim(claim: string, chosen: boolean): Evaluated {
  const marked = "chosen-by-somebody";
  const value = /tags$/.test(claim) ? { key: marked } : claim === "ou_path" ? [marked] : marked;
  const read = readStsClaims(
    { ...good, [namespace]: { ...bare, [claim]: value } },
    accountOf(String(good.iss), bare.aws_account),
  );
  if (!read.ok) return { outcome: "policy", reason: `held to its own rule: ${read.error.check}: ${read.error.why}` };
  if (chosen && JSON.stringify([read.value.facts, read.value.principalTags]).includes(marked))
    return { outcome: "invalid", reason: "what the caller chose became a fact" };
  return { outcome: "valid", reason: "it is read, or has no effect" };
}

/** Every documented claim: known to the reader by its rule, and none that the caller chooses is a fact. */
export const stsCatalogue = topic(/^claims-catalogue\.json$/, catalogue, (given, folder, file) =>
  [...given.identity, ...given.session, ...given.caller_chosen].map((claim) => ({
    file: folder.label(file, claim),
    said: given.caller_chosen.includes(claim) ? "chosen" : "known",
    expected: given.caller_chosen.includes(claim) ? (["valid"] as const) : (["valid", "policy"] as const),
    evaluate: () => evaluateClaim(claim, given.caller_chosen.includes(claim)),
  })),
);

const observed = z.looseObject({ facts: z.array(z.string()).min(1) });

/** Sentences about what AWS does: there is no document in them. */
export const stsObserved = topic(/^observed-facts\.json$/, observed, ({ facts }, folder, file) =>
  facts.map((fact, index) =>
    notOurs(folder.label(file, `${index + 1}`), `a sentence about AWS: ${fact.slice(0, 60)}…`),
  ),
);
