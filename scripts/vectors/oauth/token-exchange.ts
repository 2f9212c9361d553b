import { z } from "zod";
import { tickets } from "../../../test/kit/registry.ts";
import { type Evaluated, eachCase, topic } from "../document.ts";
import { claimsOf, type NoteForm, openCast } from "./exchange-cast.ts";

/** What a note says in words, or leaves to us: what we chose. */
const inWords: Readonly<Record<string, string>> = {
  policy: "invalid_request",
  "exp <= subject exp": "200",
  "treat as absent": "200",
};

/** The answers that keep to a note: error codes of OAuth, or the status of an answer with a token. */
const wantedAnswers = (expect: string | number): readonly string[] =>
  (inWords[String(expect)] ?? String(expect)).split(" or ");
const areAnswers = (expect: string | number) =>
  wantedAnswers(expect).every((one) => /^(200|[a-z]+(_[a-z]+)+)$/.test(one));

const shape = z.looseObject({ cases: z.array(z.unknown()) });
const exchangeCase = z.looseObject({
  name: z.string(),
  form: z.record(z.string(), z.union([z.string(), z.array(z.string()), z.boolean()])),
  expect: z.union([z.string(), z.number()]).refine(areAnswers, "no answer is called so"),
});

/**
 * Sends a request to a token service of ours which has what the note names. A refusal must be the one that the note
 * names, and sign nothing; a token must be for what was asked, and die with the subject's.
 * @throws Error for another answer
 */
async function evaluate(form: NoteForm, wanted: readonly string[]): Promise<Evaluated> {
  const { world, session, send } = await openCast();
  const before = world.signers.session.signatures;
  const { status, body } = await send(form);
  const answer = status === 200 ? "200" : String(body.error);
  if (!wanted.includes(answer)) throw new Error(`answered ${answer}, not ${wanted.join(" or ")}`);
  if (status !== 200) {
    if (status < 400 || world.signers.session.signatures !== before)
      throw new Error("it was refused, and something was signed");
    return { outcome: "invalid", reason: `${answer}: ${body.error_description ?? ""}` };
  }
  const { aud, exp } = claimsOf(body.access_token);
  if (body.token_type !== "DPoP" || aud !== tickets) throw new Error("the token is not what was asked for");
  if (!(Number(exp) <= Number(claimsOf(session).exp))) throw new Error("it outlives the subject's token");
  return { outcome: "valid", reason: `a token for ${aud}` };
}

/** Requests of token exchange (RFC 8693). */
export const tokenExchanges = topic(/^token-exchange-cases\.json$/, shape, ({ cases }, folder, file) =>
  eachCase(cases, { folder, file, shape: exchangeCase }, ({ name, form, expect }) => {
    const wanted = wantedAnswers(expect);
    return {
      file: folder.label(file, name),
      said: String(expect),
      expected: [wanted.includes("200") ? ("valid" as const) : ("invalid" as const)],
      evaluate: () => evaluate(form, wanted),
    };
  }),
);
