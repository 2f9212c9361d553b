import { readableText } from "../../../text/readable-text.ts";

/** Claims that the protocol itself uses. They are checked elsewhere and are never facts to select by. */
const registered = new Set(["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "at_hash", "c_hash"]);

/** Nested claims that are given flat names: path inside the token, and the fact's name. */
const nested: readonly (readonly [readonly string[], string])[] = [
  [["kubernetes.io", "namespace"], "claim.kubernetes.namespace"],
  [["kubernetes.io", "serviceaccount", "name"], "claim.kubernetes.serviceaccount.name"],
  [["kubernetes.io", "serviceaccount", "uid"], "claim.kubernetes.serviceaccount.uid"],
  [["kubernetes.io", "pod", "name"], "claim.kubernetes.pod.name"],
  [["kubernetes.io", "pod", "uid"], "claim.kubernetes.pod.uid"],
  [["kubernetes.io", "node", "name"], "claim.kubernetes.node.name"],
  [["kubernetes.io", "node", "uid"], "claim.kubernetes.node.uid"],
  [["google", "compute_engine", "project_id"], "claim.google.compute_engine.project_id"],
  [["google", "compute_engine", "instance_id"], "claim.google.compute_engine.instance_id"],
  [["google", "compute_engine", "zone"], "claim.google.compute_engine.zone"],
];

/** Claims that every attestation records: they tell which run, pod or app it was, and name no person. */
const alwaysStated = new Set(
  [
    ["repository_id", "repository_owner_id", "environment", "ref", "sha", "job_workflow_ref", "workflow_ref"],
    ["run_id", "run_attempt", "runner_environment", "project_id", "pipeline_id", "job_id", "tid", "oid", "appid"],
  ]
    .flat()
    .map((name) => `claim.${name}`),
);

const claimName = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
/** A text that is fit to be compared, recorded and printed. */
const isClaimText = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= 512 && readableText.test(value);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Facts of an OIDC token's claims: `claim.<name>` for each that is text, and flat names for the nested ones of
 * Kubernetes and Google. A claim with a dot in its name gives no fact, so that it cannot look like a nested one.
 * Numbers, booleans and lists give none either, since `74` and `"74"` must not mean the same repository.
 */
export function claimFacts(payload: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const facts = new Map<string, string>();
  for (const [name, value] of Object.entries(payload))
    if (!registered.has(name) && claimName.test(name) && isClaimText(value)) facts.set(`claim.${name}`, value);
  for (const [path, name] of nested) {
    const value = path.reduce<unknown>(
      (at, member) => (isObject(at) && Object.hasOwn(at, member) ? at[member] : undefined),
      payload,
    );
    if (isClaimText(value)) facts.set(name, value);
  }
  return Object.fromEntries(facts);
}

/** True for a fact `claim.…` that a token could give. A registration by any other could never match. */
export function canBeClaimFact(fact: string): boolean {
  if (nested.some(([, name]) => name === fact)) return true;
  const name = fact.startsWith("claim.") ? fact.slice("claim.".length) : "";
  return claimName.test(name) && !registered.has(name);
}

/** True for a claim's fact that is kept even if no registration selects by it. */
export const isAlwaysStated = (fact: string): boolean =>
  alwaysStated.has(fact) || nested.some(([, name]) => name === fact);
