import { limits } from "../../model/limits.ts";

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const server = (name: string) => [
  {
    url: `{${name}}`,
    variables: { [name]: { default: `https://${name === "adminWrite" ? "admin-write" : "admin-revoke"}.example` } },
  },
];

const reason = { type: "string", minLength: 1, maxLength: limits.purposeCharacters, description: "Why, for the audit" };
const unseen = {
  type: "boolean",
  default: false,
  description: "Revoke a principal or a build that was never seen here, to block it in advance",
};
const quarantine = {
  type: "boolean",
  default: false,
  description: "Of an agent: its quarantine is set or lifted, and its block stays as it is",
};
const order = {
  base: {
    type: "integer",
    minimum: 0,
    description: "The version it was made from; the change is refused when another version is current",
  },
  reason,
  dryRun: { type: "boolean", default: false, description: "Only tell what would change" },
};

const object = (properties: object, required: readonly string[]) => ({
  type: "object",
  additionalProperties: false,
  properties,
  required,
});

const operation = (
  operationId: string,
  summary: string,
  { schema, answer }: { readonly schema: object; readonly answer: string },
) => ({
  operationId,
  summary,
  requestBody: { required: true, content: { "application/json": { schema } } },
  responses: {
    "200": { description: summary, content: { "application/json": { schema: ref(answer) } } },
    default: { $ref: "#/components/responses/Refused" },
  },
});

const target = {
  type: "object",
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  properties: Object.fromEntries(
    ["session", "agent", "principal", "build", "deployment"].map((kind) => [kind, { type: "string" }]),
  ),
};

/** The operations of `admin-write` and `admin-revoke`. `/registry` and `/agents/{name}` are read at admin-read. */
export const writeOperations = {
  "/registry": {
    method: "put",
    servers: server("adminWrite"),
    ...operation("replaceRegistry", "Make a set of registrations the registry", {
      schema: object({ registrations: { type: "array", items: { type: "object" } }, ...order }, ["registrations"]),
      answer: "Applied",
    }),
  },
  "/agents/{name}": {
    method: "patch",
    servers: server("adminWrite"),
    ...operation("changeAgentState", "Change one agent's state", {
      schema: object({ state: { enum: ["draft", "active", "suspended", "retired"] }, ...order }, ["state", "reason"]),
      answer: "Applied",
    }),
  },
  "/rollback": {
    method: "post",
    servers: server("adminWrite"),
    ...operation("rollback", "Make the registrations of an earlier version the registry again", {
      schema: object({ to: { type: "integer", minimum: 1 }, ...order }, ["to", "reason"]),
      answer: "Applied",
    }),
  },
  "/": {
    method: "post",
    servers: server("adminRevoke"),
    ...operation(
      "revoke",
      "Revoke a session, agent, principal, build or the deployment, or lift a block, or clear the login burnt with a session, or erase a person from the audit, or confirm that an agent's owner is still there",
      {
        schema: {
          oneOf: [
            object({ revoke: target, reason, cutOnly: { type: "boolean", default: false }, unseen, quarantine }, [
              "revoke",
              "reason",
            ]),
            object({ lift: target, reason, quarantine }, ["lift", "reason"]),
            object(
              {
                erase: object({ principal: { type: "string", pattern: "^p_[a-z2-7]{32}$" } }, ["principal"]),
                reason: { ...reason, maxLength: limits.erasureReasonCharacters },
              },
              ["erase", "reason"],
            ),
            object(
              {
                confirm: object({ principal: { type: "string", pattern: "^p_[a-z2-7]{32}$" } }, ["principal"]),
                reason,
              },
              ["confirm", "reason"],
            ),
          ],
        },
        answer: "Revoked",
      },
    ),
  },
} as const;
