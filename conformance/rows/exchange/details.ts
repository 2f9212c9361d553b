import { exchange } from "../../../test/kit/wire/forms.ts";
import { claimsOf } from "../../../test/kit/wire/key.ts";
import { granted, must, refused, same } from "../../expect.ts";
import { introspected, personSession, tokenIn, wanting } from "../../flows.ts";
import { rowsOf } from "../../row.ts";
import type { Target } from "../../target.ts";

/** Opens a session for a person at `lent`'s first scope with these details. */
async function opened(target: Target, details: string) {
  const form = [...exchange("id", await target.need("person")()), ...wanting(target.need("lent"))];
  target.need("details");
  return target.ask("token", await target.actor("opener"), [...form, ["authorization_details", details]]);
}
const type = (target: Target) => target.need("details").granted.type;
const badDetails = async (target: Target, details: unknown) =>
  refused(
    await opened(target, typeof details === "string" ? details : JSON.stringify(details)),
    400,
    "invalid_authorization_details",
  );

/** A session restricted by details, and what is asked for below it. */
async function below(target: Target, details: object) {
  const { opener, session } = await target.once(
    "restricted session",
    () => personSession(target, [["authorization_details", JSON.stringify([target.need("details").granted])]]),
    60,
  );
  const lent = target.need("lent");
  const form = [...exchange("session", session), ...wanting(lent)];
  return target.ask("token", opener, [...form, ["authorization_details", JSON.stringify([details])]]);
}

export const detailsRows = rowsOf("RFC 9396", [
  {
    section: "2",
    level: "MUST",
    text: "authorization_details is a JSON array of objects, each with a type",
    async run(target) {
      for (const bad of ["{", "{}", '"x"', '["x"]', "[{}]", '[{"type":1}]', "[null]"]) await badDetails(target, bad);
    },
  },
  {
    section: "5",
    level: "MUST",
    text: "A type that is not known is invalid_authorization_details",
    run: (target) => badDetails(target, [{ type: "conformance-unheard-of" }]),
  },
  {
    section: "5",
    level: "MUST",
    text: "A field that is not known is invalid_authorization_details",
    run: (target) => badDetails(target, [{ ...target.need("details").granted, unheard_of: 1 }]),
  },
  {
    section: "5",
    level: "MUST",
    text: "A field of the wrong type is invalid_authorization_details",
    run: (target) => badDetails(target, [target.need("details").malformed]),
  },
  {
    section: "5",
    level: "MUST",
    text: "A required field that is missing is invalid_authorization_details",
    run: (target) => badDetails(target, [{ type: type(target) }]),
  },
  {
    section: "7",
    level: "MUST",
    text: "The answer names the details as granted",
    async run(target) {
      const { granted: details } = target.need("details");
      same(granted(await opened(target, JSON.stringify([details]))).authorization_details, [details], "the details");
    },
  },
  {
    section: "9.1",
    level: "SHOULD",
    text: "The access token carries the details as granted",
    async run(target) {
      const { granted: details } = target.need("details");
      const token = tokenIn(await opened(target, JSON.stringify([details])));
      same(claimsOf(token).authorization_details, [details], "the details");
    },
  },
  {
    section: "9.2",
    level: "SHOULD",
    text: "Introspection tells the details as granted",
    async run(target) {
      const { granted: details } = target.need("details");
      const token = tokenIn(await opened(target, JSON.stringify([details])));
      same((await introspected(target, token)).authorization_details, [details], "the details");
    },
  },
  {
    section: "6",
    level: "MUST",
    text: "Below a session with details only the same or narrower ones are granted",
    async run(target) {
      const { narrower, beyond } = target.need("details");
      same(granted(await below(target, narrower)).authorization_details, [narrower], "the details");
      refused(await below(target, beyond), 400, "invalid_authorization_details");
    },
  },
  {
    section: "10",
    level: "SHOULD",
    text: "Metadata names the types that may be asked for",
    async run(target) {
      const { authorization_details_types_supported: types } = await target.metadata();
      must(Array.isArray(types) && types.includes(type(target)), `it names ${JSON.stringify(types)}`);
    },
  },
]);
