import { deflateSync, gzipSync } from "node:zlib";
import { subjects } from "../../../core/model/subjects.ts";
import type { VerifyCase } from "./case.ts";
import {
  ada,
  asks,
  build,
  chain,
  cuts,
  foreign,
  index,
  issuer,
  jwksUrl,
  list,
  login,
  nowSeconds,
  planner,
  published,
  publishedKeys,
  researcher,
  session,
  signedCuts,
  signedList,
  statusKey,
  token,
} from "./issuer.ts";
import { rsaKey } from "./keys.ts";

const good = token();
const linked = token(chain);
const reference = (uri: unknown, idx: unknown) => token({ status: { status_list: { idx, uri } } });
const packed = (lst: unknown, bits: unknown = 1) => signedList([], { status_list: { bits, lst } });
const zipped = (bytes: number) => deflateSync(Buffer.alloc(bytes)).toString("base64url");
const own = zipped(8_192);

const uris: readonly string[] = [
  "https://evil.example/status/1785540000-0",
  `${issuer}.evil.example/status/1785540000-0`,
  `${issuer}/status/../jwks`,
  `${issuer}/status/`,
  `${issuer}/status/a/b`,
  `${issuer}/status/1785540000-0?x`,
  `${issuer}/status/1785540000-0#x`,
  `${issuer.replace("https", "http")}/status/1785540000-0`,
  `${issuer}/Status/1785540000-0`,
  `${issuer}/status/${"x".repeat(65)}`,
  issuer,
];

const lists: readonly (readonly [title: string, body: string | null, expect: string])[] = [
  ["the session's bit", signedList([index]), "session_over"],
  [
    "every bit but the session's",
    signedList(Array.from({ length: 65_536 }, (_, n) => n).filter((n) => n !== index)),
    "accepted",
  ],
  ["nothing", null, "status_unavailable"],
  ["no token", "{}", "status_unavailable"],
  ["a stranger's signature", signedList([], {}, foreign), "status_unavailable"],
  ["the session key's signature", signedList([], {}, session), "status_unavailable"],
  ["the typ of cuts", signedList([], {}, statusKey, { typ: "lanyard-cuts+jwt" }), "status_unavailable"],
  ["the typ of access tokens", signedList([], {}, statusKey, { typ: "at+jwt" }), "status_unavailable"],
  ["another address", signedList([], { sub: `${list}0` }), "status_unavailable"],
  ["no sub", signedList([], { sub: undefined }), "status_unavailable"],
  ["no iat", signedList([], { iat: undefined }), "status_unavailable"],
  ["no exp", signedList([], { exp: undefined }), "status_unavailable"],
  ["an exp that passed", signedList([], { exp: nowSeconds }), "status_unavailable"],
  ["an age of two minutes", signedList([], { iat: nowSeconds - 120 }), "status_unavailable"],
  ["an age just below two minutes", signedList([], { iat: nowSeconds - 119 }), "accepted"],
  ["an iat eleven seconds ahead", signedList([], { iat: nowSeconds + 11 }), "status_unavailable"],
  ["a ttl of zero", signedList([], { ttl: 0 }), "status_unavailable"],
  ["a ttl that is a text", signedList([], { ttl: "5" }), "status_unavailable"],
  ["no ttl", signedList([], { ttl: undefined }), "accepted"],
  ["no list inside", signedList([], { status_list: undefined }), "status_unavailable"],
  ["a list that is a text", signedList([], { status_list: "x" }), "status_unavailable"],
  ["three bits an entry", packed(own, 3), "status_unavailable"],
  ["bits as a text", packed(own, "1"), "status_unavailable"],
  ["no bits", signedList([], { status_list: { lst: own } }), "status_unavailable"],
  ["two bits an entry", packed(own, 2), "accepted"],
  ["no lst", packed(undefined), "status_unavailable"],
  ["an empty lst", packed(""), "status_unavailable"],
  ["padding", packed(`${own}==`), "status_unavailable"],
  ["gzip", packed(gzipSync(Buffer.alloc(8_192)).toString("base64url")), "status_unavailable"],
  ["no zlib at all", packed(Buffer.alloc(100, 7).toString("base64url")), "status_unavailable"],
  [
    "a stream cut short",
    packed(Buffer.from(own, "base64url").subarray(0, -5).toString("base64url")),
    "status_unavailable",
  ],
  [
    "bytes behind the stream",
    packed(Buffer.concat([Buffer.from(own, "base64url"), Buffer.alloc(3)]).toString("base64url")),
    "status_unavailable",
  ],
  [
    "a wrong checksum",
    packed(Buffer.concat([Buffer.from(own, "base64url").subarray(0, -1), Buffer.from([9])]).toString("base64url")),
    "status_unavailable",
  ],
  ["a byte more than any list has", packed(zipped(8_193)), "status_unavailable"],
  ["ten megabytes", packed(zipped(10_000_000)), "status_unavailable"],
  ["no entry", packed(zipped(0)), "status_unavailable"],
  ["a list of one byte, with room for the index", packed(zipped(1)), "accepted"],
  ["white space around", `\n ${signedList()} \n`, "accepted"],
];

const documents: readonly (readonly [title: string, body: string | null, expect: string])[] = [
  ["nothing cut", signedCuts(), "accepted"],
  ["nothing", null, "cuts_unavailable"],
  ["no token", "cuts", "cuts_unavailable"],
  ["the deployment cut", signedCuts({ [subjects.deployment]: 1 }), "session_cut"],
  ["the person cut", signedCuts({ [subjects.principal(ada)]: 1 }), "session_cut"],
  ["the first agent cut", signedCuts({ [subjects.agent(planner)]: 1 }), "session_cut"],
  ["the present agent cut", signedCuts({ [subjects.agent(researcher)]: 1 }), "session_cut"],
  ["the login cut", signedCuts({ [subjects.login(login)]: 1 }), "session_cut"],
  ["the build cut", signedCuts({ [subjects.build("sha256:feed")]: 1 }), "session_cut"],
  ["an epoch that is no higher", signedCuts({ [subjects.agent(planner)]: 0 }), "accepted"],
  ["another agent cut", signedCuts({ [subjects.agent(`${planner}2`)]: 9 }), "accepted"],
  ["the agent as a principal cut", signedCuts({ [subjects.principal(planner)]: 9 }), "accepted"],
  ["another build cut", signedCuts({ [subjects.build("sha256:beef")]: 9 }), "accepted"],
  ["an overflow", signedCuts({}, { overflow: true }), "accepted"],
  ["a claim nobody knows", signedCuts({}, { more: 1 }), "accepted"],
  ["a stranger's signature", signedCuts({}, {}, foreign), "cuts_unavailable"],
  ["the session key's signature", signedCuts({}, {}, session), "cuts_unavailable"],
  ["the typ of lists", signedCuts({}, {}, statusKey, { typ: "statuslist+jwt" }), "cuts_unavailable"],
  ["another issuer", signedCuts({}, { iss: `${issuer}/` }), "cuts_unavailable"],
  ["no issuer", signedCuts({}, { iss: undefined }), "cuts_unavailable"],
  ["another address", signedCuts({}, { sub: `${issuer}/status/other` }), "cuts_unavailable"],
  ["an age of two minutes", signedCuts({}, { iat: nowSeconds - 120 }), "cuts_unavailable"],
  ["an exp that passed", signedCuts({}, { exp: nowSeconds }), "cuts_unavailable"],
  ["a ttl below zero", signedCuts({}, { ttl: -1 }), "cuts_unavailable"],
  ["no version", signedCuts({}, { version: null }), "cuts_unavailable"],
  ["a version that is a text", signedCuts({}, { version: "1" }), "cuts_unavailable"],
  ["a version with a fraction", signedCuts({}, { version: 0.5 }), "cuts_unavailable"],
  ["no cuts", signedCuts({}, { cuts: undefined }), "cuts_unavailable"],
  ["cuts that are a list", signedCuts({}, { cuts: [] }), "cuts_unavailable"],
  ["a cut whose name is short", signedCuts({}, { cuts: { x: 1 } }), "cuts_unavailable"],
  ["a cut that is a text", signedCuts({}, { cuts: { [build]: "1" } }), "cuts_unavailable"],
  ["a cut below zero", signedCuts({}, { cuts: { [build]: -1 } }), "cuts_unavailable"],
];

/** A proof made later, for a step after so many seconds. */
const later = (seconds: number) => ({ twist: { claims: { iat: nowSeconds + seconds } } });

function sequences(): readonly VerifyCase[] {
  const at = (seconds: number) => ({ atSeconds: nowSeconds + seconds });
  return [
    {
      id: "fresh-1",
      title: "a bit that is set ends a known token within the ttl",
      steps: [
        asks(good, "accepted"),
        asks(good, "session_over", { after: 5, documents: { [list]: signedList([index], at(5)) }, ...later(5) }),
      ],
    },
    {
      id: "fresh-2",
      title: "a cut ends a known token within the ttl",
      steps: [
        asks(linked, "accepted"),
        asks(linked, "session_cut", {
          after: 5,
          documents: { [cuts]: signedCuts({ [subjects.agent(planner)]: 1 }, { ...at(5), version: 2 }) },
          ...later(5),
        }),
      ],
    },
    {
      id: "fresh-3",
      title: "nothing stale: a list that cannot be had again refuses after its ttl",
      steps: [
        asks(good, "accepted"),
        asks(good, "accepted", { after: 2, documents: { [list]: null }, ...later(2) }),
        asks(good, "status_unavailable", { after: 3, ...later(5) }),
      ],
    },
    {
      id: "fresh-4",
      title: "an older list than the one seen is refused (threat 26)",
      steps: [
        asks(good, "accepted"),
        asks(good, "status_unavailable", { after: 5, documents: { [list]: signedList([], at(-6)) }, ...later(5) }),
      ],
    },
    {
      id: "fresh-5",
      title: "an older document of cuts than the one seen is refused (threat 26)",
      documents: { [cuts]: signedCuts({}, { version: 7 }) },
      steps: [
        asks(linked, "accepted"),
        asks(linked, "cuts_unavailable", {
          after: 5,
          documents: { [cuts]: signedCuts({}, { ...at(5), version: 6 }) },
          ...later(5),
        }),
      ],
    },
    {
      id: "fresh-6",
      title: "a document that fails is asked for again after a second",
      documents: { [cuts]: null },
      steps: [
        asks(linked, "cuts_unavailable"),
        asks(linked, "cuts_unavailable", { documents: { [cuts]: signedCuts() } }),
        asks(linked, "accepted", { after: 1, ...later(1) }),
      ],
    },
    {
      id: "fresh-7",
      title: "who wants to know sooner than the ttl does",
      options: { freshSeconds: 1 },
      steps: [
        asks(good, "accepted"),
        asks(good, "session_over", { after: 1, documents: { [list]: signedList([index], at(1)) }, ...later(1) }),
      ],
    },
    {
      id: "both-1",
      title: "a bit that is set is final, though the document of cuts cannot be had",
      documents: { [list]: signedList([index]), [cuts]: null },
      steps: [asks(linked, "session_over")],
    },
    {
      id: "both-2",
      title: "a cut is final, though the list cannot be had",
      documents: { [list]: null, [cuts]: signedCuts({ [subjects.deployment]: 1 }) },
      steps: [asks(linked, "session_cut")],
    },
    {
      id: "after-cut-1",
      title: "what was issued after a cut lives",
      documents: { [cuts]: signedCuts({ [subjects.agent(planner)]: 3 }) },
      steps: [
        asks(token({ ...chain, epochs: [0, 0, 2, 0, 0] }), "session_cut"),
        asks(token({ ...chain, epochs: [0, 0, 3, 0, 0] }), "accepted"),
      ],
    },
    {
      id: "rs256-1",
      title: "status list and cuts signed by RS256",
      documents: rsaDocuments(),
      steps: [asks(linked, "session_cut")],
    },
  ];
}

function rsaDocuments() {
  const key = rsaKey("status rsa");
  const keys = [...publishedKeys, published(key, ["statuslist+jwt", "lanyard-cuts+jwt"])];
  return {
    [jwksUrl]: JSON.stringify({ keys }),
    [list]: signedList([], {}, key),
    [cuts]: signedCuts({ [subjects.agent(planner)]: 1 }, {}, key),
  };
}

/** Whether a session lives: status lists, documents of cuts, and both over time. */
export function livenessCases(): readonly VerifyCase[] {
  return [
    ...uris.map((uri, n) => ({
      id: `list-uri-${n + 1}`,
      title: `a list at ${uri.slice(0, 80)}`,
      steps: [asks(reference(uri, index), "status_uri_foreign")],
    })),
    ...[65_536, 2 ** 40, -1, 0.5, "7", null, undefined, [7], true].map((idx, n) => ({
      id: `list-index-${n + 1}`,
      title: `index ${JSON.stringify([idx])}`,
      steps: [asks(reference(list, idx), "status_index_invalid")],
    })),
    ...lists.map(([title, body, expect], n) => ({
      id: `list-${n + 1}`,
      title: `a status list with ${title}`,
      documents: { [list]: body },
      steps: [asks(good, expect)],
    })),
    ...documents.map(([title, body, expect], n) => ({
      id: `cuts-${n + 1}`,
      title: `a document of cuts with ${title}`,
      documents: { [cuts]: body },
      steps: [asks(linked, expect)],
    })),
    {
      id: "cuts-none",
      title: "a token without epochs needs no document of cuts",
      documents: { [cuts]: null },
      steps: [asks(good, "accepted")],
    },
    ...sequences(),
  ];
}
