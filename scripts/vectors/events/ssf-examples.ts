import { z } from "zod";
import { createDiscoveryEndpoint } from "../../../core/endpoints/discovery.ts";
import { transmitterConfiguration } from "../../../core/events/configuration.ts";
import { eventTyp } from "../../../core/events/security-event.ts";
import {
  type Evaluated,
  eachCase,
  notOurs,
  type Outcome,
  topic,
  unreadable,
  type VectorDocument,
} from "../document.ts";
import { eventFault, ourEventTypes, revokedWith } from "./set-shape.ts";

const shape = z.looseObject({ examples: z.array(z.unknown()) });
const example = z.looseObject({
  title: z.string(),
  json: z.looseObject({}).nullish(),
  text: z.string().nullish(),
});

type Members = Readonly<Record<string, unknown>>;
/** What one block is tried as. */
type Trial = { readonly said: string; readonly expected: Outcome; readonly evaluate: VectorDocument["evaluate"] };

const held = (fault: string | undefined, otherwise: string): Evaluated =>
  fault === undefined ? { outcome: "valid", reason: otherwise } : { outcome: "policy", reason: fault };

/** A receiver of ours knows two types of event; every other has no effect (CAEP interoperability profile). */
function event(claims: Members): Trial {
  const [type = ""] = Object.keys((claims.events ?? {}) as Members);
  const ours = ourEventTypes.has(type);
  return {
    said: ours ? "an event of ours" : "another's",
    expected: ours ? "valid" : "policy",
    evaluate: () => held(eventFault(claims), type),
  };
}

/** Reasons in several languages: a revocation of ours may have them. */
const reasons = (members: Members): Trial => ({
  said: "members of ours",
  expected: "valid",
  evaluate: () => held(eventFault(revokedWith(members)), "an event of ours may have them"),
});

/** Our `typ`, under the one algorithm that our events are signed by. */
const header = ({ typ, alg }: Members): Trial => ({
  said: "typ of an event",
  expected: alg === "RS256" ? "valid" : "policy",
  evaluate: () => {
    if (typ !== eventTyp) return { outcome: "invalid", reason: `typ is not ${eventTyp}` };
    return held(alg === "RS256" ? undefined : `events of ours are never signed by ${alg}`, "typ and alg are ours");
  },
});

/** What we say of ourselves stands under the specification's own names. */
const configuration = (theirs: Members): Trial => ({
  said: "our members",
  expected: "valid",
  evaluate: () => {
    const ours: Members = transmitterConfiguration("https://issuer.example");
    if (theirs.spec_version !== ours.spec_version)
      return { outcome: "invalid", reason: `spec_version is not ${ours.spec_version}` };
    // the example of one member has no others to compare; default_subjects is optional (SSF 1.0 7.1)
    const names = Object.keys(theirs).length > 1 ? Object.keys(ours) : ["spec_version"];
    const own = names.find((name) => !(name in theirs) && name !== "default_subjects");
    return own === undefined
      ? { outcome: "valid", reason: names.join(", ") }
      : { outcome: "invalid", reason: `${own} is no member of theirs` };
  },
});

/** Asks our discovery as a receiver would that knows the issuer alone (SSF 1.0 7.2). */
const lookUp = (host: string, path: string): Trial => ({
  said: "found",
  expected: "valid",
  evaluate: async () => {
    const issuer = `https://${host}${path.replace("/.well-known/ssf-configuration", "")}`;
    const endpoint = createDiscoveryEndpoint({ issuer } as Parameters<typeof createDiscoveryEndpoint>[0]);
    const call = { method: "GET", path, url: `https://${host}${path}`, contentType: undefined, body: "" };
    const { status, body } = await endpoint({ ...call, dpop: [], requestId: "r" });
    if (status !== 200) return { outcome: "invalid", reason: `answered ${status}` };
    const named = (JSON.parse(body) as Members).issuer;
    return named === issuer
      ? { outcome: "valid", reason: `it is ${issuer}` }
      : { outcome: "invalid", reason: `it calls itself ${named}` };
  },
});

/** Titles of the blocks about the management of streams, of which the specification has two dozen. */
const management =
  /^Example: (Create|Read|Update|Replace|Delete|Check|Add|Remove|Trigger) (Stream|Subject|Verification)/;

/** What a block is about; a sentence for what Lanyard does not do, undefined for what nobody here knows. */
function trialOf({ title, json, text }: z.infer<typeof example>): Trial | string | undefined {
  const [, path, host] =
    /^GET (\/\.well-known\/ssf-configuration\S*) HTTP\/1\.1\nHost: (\S+)\n$/.exec(text ?? "") ?? [];
  if (path !== undefined && host !== undefined) return lookUp(host, path);
  if (text?.startsWith("GET /.well-known/risc-configuration ")) return "transmitters of RISC: our events are CAEP's";
  if (management.test(title)) return "management of streams: ours are registrations of the operator's";
  if (!json) return undefined;
  if ("events" in json) return event(json);
  if ("reason_admin" in json || "reason_user" in json) return reasons(json);
  if ("typ" in json) return header(json);
  if ("spec_version" in json) return configuration(json);
  if ("spec_urn" in json) return "authorization of receivers at the transmitter, where ours manage nothing";
  return "format" in json ? "a subject by itself: we read none, and ours stand in events" : undefined;
}

/** The example blocks of SSF and CAEP. */
export const ssfExamples = topic(/^ssf-caep-examples\.json$/, shape, ({ examples }, folder, file) =>
  examples.flatMap((one, index) =>
    eachCase([one], { folder, file, shape: example }, (block) => {
      const label = folder.label(file, `${index + 1} ${block.title}`.trimEnd());
      const trial = trialOf(block);
      if (trial === undefined) return unreadable(label, "no block that is known here");
      if (typeof trial === "string") return notOurs(label, trial);
      return { file: label, said: trial.said, expected: [trial.expected], evaluate: trial.evaluate };
    }),
  ),
);
