import { limits } from "../../model/limits.ts";

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const inQuery = (name: string, description: string, schema: object = { type: "string" }) => ({
  name,
  in: "query",
  description,
  schema,
});

const paging = [
  inQuery("limit", "Most items of the page", {
    type: "integer",
    minimum: 1,
    maximum: limits.adminPageMax,
    default: limits.adminPageSize,
  }),
  inQuery("cursor", "`next` of the page before, as it was"),
];
const subject = {
  agent: inQuery("agent", "An agent's SPIFFE ID"),
  principal: inQuery("principal", "`p_…`, or the SPIFFE ID of an agent on its own"),
  build: inQuery("build", "A build, by the digest it was attested with"),
};

const get = (
  operationId: string,
  summary: string,
  { answer, parameters = [] }: { readonly answer: string; readonly parameters?: readonly object[] },
) => ({
  get: {
    operationId,
    summary,
    parameters,
    responses: {
      "200": { description: summary, content: { "application/json": { schema: ref(answer) } } },
      default: { $ref: "#/components/responses/Refused" },
    },
  },
});

const named = (name: string, description: string, pattern: string) => ({
  name,
  in: "path",
  required: true,
  description,
  schema: { type: "string", pattern },
});

/** The paths of `admin-read` and what it answers. */
export const readPaths = {
  "/openapi.json": get("openapi", "This document", { answer: "Any" }),
  "/registry": get("registry", "Every registration of a version of the registry", {
    answer: "Registry",
    parameters: [inQuery("version", "A version; by default the current one", { type: "integer", minimum: 1 })],
  }),
  "/registry/versions": get("versions", "Versions that were applied, newest first", {
    answer: "Versions",
    parameters: paging,
  }),
  "/agents": get("agents", "Registered agents with their revocation epochs and blocks, and how their owners stand", {
    answer: "Agents",
    parameters: [
      ...paging,
      inQuery("orphaned", "Only those whose owner is blocked, unconfirmed or unverified; pages may have fewer items", {
        type: "boolean",
        default: false,
      }),
    ],
  }),
  "/agents/{name}": get("agent", "One agent, and what it can do by policy", {
    answer: "Agent",
    parameters: [named("name", "The agent's name, which may hold slashes", "^[a-z0-9._-]+(/[a-z0-9._-]+)*$")],
  }),
  "/principals": get("principals", "Who delegates authority now, and the agents that act on it", {
    answer: "Principals",
    parameters: paging,
  }),
  "/people/{id}/key": get("personKey", "The key under which the audit encrypts what it says of a person; recorded", {
    answer: "PersonKey",
    parameters: [named("id", "The person's pseudonym", "^p_[a-z2-7]{32}$")],
  }),
  "/sessions": get("sessions", "Living sessions of exactly one agent, principal, build or tree, or of everybody", {
    answer: "Sessions",
    parameters: [
      subject.agent,
      subject.principal,
      subject.build,
      inQuery("root", "A tree, by its root session's id"),
      inQuery("deployment", "Everybody's, by the deployment's trust domain"),
      inQuery("dead", "Also those that are over, with why, as long as their rows are kept", {
        type: "boolean",
        default: false,
      }),
      inQuery(
        "tree",
        "Their whole trees, with what they were given at AWS; those too large for a page are named in `cut`",
        {
          type: "boolean",
          default: false,
        },
      ),
      ...paging,
    ],
  }),
  "/sessions/{sid}": get("session", "One session's whole story", {
    answer: "Story",
    parameters: [named("sid", "The session's id", "^[A-Za-z0-9_-]{22}$")],
  }),
  "/budgets": get(
    "budgets",
    "How budgets of exactly one agent, principal, policy or session, or of all agents, stand in this hour and day",
    {
      answer: "Budgets",
      parameters: [
        subject.agent,
        subject.principal,
        inQuery("policy", "A policy's name: its budget for every principal who delegates now, page by page"),
        inQuery("deployment", "Those of all agents, by the deployment's trust domain"),
        inQuery("session", "A session's id: all that its calls must fit, but budgets of policies"),
        ...paging,
      ],
    },
  ),
  "/tool-changes": get(
    "toolChanges",
    "Tools that are served otherwise than they are pinned, and what people said of them",
    {
      answer: "ToolChanges",
    },
  ),
  "/canary": get("canary", "How long what the revocation canary revoked within a day still worked", {
    answer: "Canary",
  }),
  "/leaf": get("leaf", "Where one audit record stands in the log and in the bucket; a hint, proven by the log itself", {
    answer: "Leaf",
    parameters: [inQuery("event", "The event's id, `metadata.uid` of the record")],
  }),
  "/reach": get("reach", "The living sessions that revoking exactly one subject would end, and what it would block", {
    answer: "Reach",
    parameters: [
      inQuery("session", "A session, with everything below it"),
      subject.agent,
      subject.principal,
      subject.build,
      inQuery("deployment", "The deployment, by its trust domain"),
      ...paging,
    ],
  }),
};
