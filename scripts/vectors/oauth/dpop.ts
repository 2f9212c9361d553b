import { z } from "zod";
import { createDpopNonces } from "../../../core/jose/dpop.ts";
import { presentedToken } from "../../../core/verify/presented.ts";
import { readProof, useProof } from "../../../core/verify/proof.ts";
import { createReplayStore } from "../../../core/verify/replay.ts";
import { sha256 } from "../../../test/kit/wire/key.ts";
import { accepts, denialText, type Evaluated, eachCase, type Outcome, topic } from "../document.ts";

/** Where the notes leave it to us, or ask for what the bare check of a proof leaves to others: what that check says. */
export const chosenProofs: ReadonlyMap<string, Outcome> = new Map<string, Outcome>([
  ["good-rs256", "valid"],
  ["good-eddsa", "valid"],
  ["good-es384", "valid"],
  ["htu-with-query", "valid"], // RFC 9449 4.3, check 9: query and fragment are ignored
  ["htu-host-case", "valid"], // RFC 3986 normalization, as RFC 9449 4.3 allows
  ["htu-dot-segments", "valid"],
  ["htu-percent", "valid"],
  ["jku", "valid"], // never fetched
  ["ath-missing", "invalid"],
  ["nonce-missing-when-required", "valid"], // no nonce is asked for yet
  ["nonce-wrong", "valid"],
  ["jkt-mismatch", "valid"], // the proof itself holds: whoever knows the bound key compares
  ["replay", "valid"], // the replay entry consumes it
  ["bearer-scheme-with-bound-token", "valid"], // the resource server reads the scheme
]);

const shape = z.looseObject({
  now: z.number(),
  method: z.string(),
  url: z.string(),
  access_token: z.string(),
  bound_jkt: z.string().optional(),
  cases: z.array(z.unknown()),
});
const proofCase = z.looseObject({
  name: z.string(),
  proof: z.string().nullable(),
  expected: z.string(),
  request_url: z.string().optional(),
  bound_jkt: z.string().optional(),
  bearer: z.boolean().optional(),
});

type Note = z.infer<typeof shape>;
type Case = z.infer<typeof proofCase>;

/** What a case asks of the server beside the proof; names tell what no member does. */
function asked({ name, expected, bearer }: Case) {
  return {
    /** RFC 9449 9: the server demands a nonce in every proof. */
    nonce: expected.startsWith("use_dpop_nonce"),
    /** The same proof comes a second time. */
    twice: /second time/.test(expected),
    /** The token comes as a bearer token (RFC 9449 7.2). */
    bearer: bearer ?? name === "bearer-scheme-with-bound-token",
  };
}

const refused = (reason: string): Evaluated => ({ outcome: "invalid", reason });

/**
 * Evaluates one proof as a resource server does: for its request and token, with a nonce where the note demands one, by the
 * key the token is bound to, and its first use.
 */
async function evaluateProof(given: Note, one: Case): Promise<Evaluated> {
  const clock = { nowMillis: () => given.now * 1000 };
  const { nonce, twice, bearer } = asked(one);
  const macs = { minuteKey: async () => Buffer.alloc(32, 7) };
  const nonces = nonce ? createDpopNonces({ clock, macs, server: given.url }) : undefined;
  const deps = { clock, replay: createReplayStore(), nonces };
  const request = {
    method: given.method,
    url: one.request_url ?? given.url,
    authorization: [`${bearer ? "Bearer" : "DPoP"} ${given.access_token}`],
    dpop: one.proof ? [one.proof] : [],
  };
  const presented = presentedToken(request, false);
  if (!presented.ok) return refused(presented.error.code);
  const proof = await readProof(request, sha256(given.access_token), deps);
  if (!proof.ok) return refused(denialText(proof.error));
  const { jkt } = proof.value;
  const bound = one.bound_jkt ?? given.bound_jkt;
  if (bound !== undefined && jkt !== bound) return refused("proof_key_mismatch");
  for (let use = 0; use < (twice ? 2 : 1); use++) {
    const used = await useProof(proof.value, deps);
    if (!used.ok) return refused(denialText(used.error));
  }
  return { outcome: "valid", reason: `key ${jkt}` };
}

/** What the note asks of a resource server; what only the bare check of a proof leaves to others is not left here. */
function proofOutcomes(one: Case): readonly Outcome[] {
  const { nonce, twice, bearer } = asked(one);
  if (nonce || twice || bearer || one.expected === "invalid") return ["invalid"];
  // "ignore jku": the proof holds, and the odd member has no effect
  return accepts(one.expected.startsWith("ignore") ? "valid" : one.expected, chosenProofs.get(one.name));
}

/** DPoP proofs (RFC 9449 4.3). */
export const dpopProofs = topic(/^dpop-cases\.json$/, shape, (given, folder, file) =>
  eachCase(given.cases, { folder, file, shape: proofCase }, (one) => ({
    file: folder.label(file, one.name),
    said: one.expected,
    expected: proofOutcomes(one),
    evaluate: () => evaluateProof(given, one),
  })),
);
