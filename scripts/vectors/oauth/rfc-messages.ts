import { z } from "zod";
import { type Evaluated, notOurs, type Outcome, topic, unreadable, type VectorDocument } from "../document.ts";
import {
  evaluateDetails,
  evaluateInactive,
  evaluateProof,
  evaluateRevocation,
  evaluateThumbprint,
  evaluateToken,
  evaluateType,
  formOf,
} from "./rfc-evaluators.ts";
import { evaluateStrangeForm } from "./strange-request.ts";

type Members = Readonly<Record<string, unknown>>;
/** What one message is tried as, or why it is nothing of ours. */
type Reading = string | readonly [expected: Outcome, evaluate: () => Evaluated | Promise<Evaluated>];

const schemeOf = (header: unknown) => String(header).split(" ")[0]?.toLowerCase();
const stranger = (endpoint: "token" | "introspect", { form, authorization }: Members): Reading => [
  "policy",
  () => evaluateStrangeForm(endpoint, formOf(form), schemeOf(authorization)),
];

const typePrefix = "urn:ietf:params:oauth:token-type:";
const subjectTypes = ["access_token", "id_token"];
/** What is no message of ours, by its place. */
const asides: readonly (readonly [places: RegExp, why: string])[] = [
  [/^rfc8693\.claims_/, "claims of another issuer's token: we exchange our own and ID tokens"],
  [/^rfc8693\.response$|^rfc7662\.active$/, "an answer of another server: ours is tested by its own members"],
  [/\.(rules|errors|error|checked|headers)$/, "sentences or names, and no message"],
  [/^rfc9068\.header$|^rfc9449\.(access_token|ath|jkt|clock)$|\.thumbprint$/, "a part of the case beside it"],
];
const valid = (evaluate: () => Evaluated | Promise<Evaluated>): Reading => ["valid", evaluate];

/** Every message that is known, by its place; of a list, one reading an entry. */
function readingsOf(place: string, value: unknown, section: Members): readonly Reading[] | undefined {
  const members = value as Members;
  switch (place) {
    case "rfc8693.request_impersonation":
      return [stranger("token", members)];
    case "rfc8693.token_types":
      return (value as readonly string[]).map((type) => [
        subjectTypes.some((one) => type === `${typePrefix}${one}`) ? "valid" : "invalid",
        () => evaluateType(type),
      ]);
    case "rfc7662.request":
      return [stranger("introspect", members)];
    case "rfc7662.inactive":
      return [valid(() => evaluateInactive(members))];
    case "rfc7009.request":
      return [valid(() => evaluateRevocation(members))];
    case "rfc9396.single":
    case "rfc9396.payment":
      return [["invalid", () => evaluateDetails(value, section.error)]];
    case "rfc9449.token_request_proof":
      return [valid(() => evaluateProof(section, "token"))];
    case "rfc9449.resource_request_proof":
      return [valid(() => evaluateProof(section, "resource"))];
    case "rfc9068.claims":
      return [["policy", () => evaluateToken(section)]];
    case "rfc7638_thumbprint.jwk":
      return [valid(() => evaluateThumbprint(section))];
  }
  const why = asides.find(([places]) => places.test(place))?.[1];
  return why === undefined ? undefined : [why];
}

const shape = z.looseObject({ rfc8693: z.looseObject({}), rfc9449: z.looseObject({}) });

/** Messages of the standards, as their examples have them. */
export const rfcMessages = topic(/^rfc-messages\.json$/, shape, ({ note: _, ...sections }, folder, file) =>
  Object.entries(sections).flatMap(([name, section]) =>
    Object.entries(section as Members).flatMap(([member, value]): readonly VectorDocument[] => {
      const label = folder.label(file, `${name} ${member}`);
      const readings = readingsOf(`${name}.${member}`, value, section as Members);
      if (readings === undefined) return [unreadable(label, "no message that is known here")];
      return readings.map((reading, index) => {
        const one = readings.length > 1 ? `${label} ${index + 1}` : label;
        if (typeof reading === "string") return notOurs(one, reading);
        const [expected, evaluate] = reading;
        return { file: one, said: expected, expected: [expected], evaluate };
      });
    }),
  ),
);
