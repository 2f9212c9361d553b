import type { DetailsTypeDeclaration, DetailsUse } from "../../../client/verify.ts";

const restrictedTo = {
  schema: {
    type: "object",
    additionalProperties: false,
    required: ["customers"],
    properties: {
      customers: { type: "array", items: { type: "string", maxLength: 64 }, maxItems: 50 },
      maxRecords: { type: "integer", minimum: 0 },
    },
  },
  rules: { customers: "one_of", maxRecords: "max" },
} as const;

/** The details types of the APIs, as the example's registry declares them. */
export const ticketCustomers: DetailsTypeDeclaration = { name: "ticket-customers", ...restrictedTo };
export const customerRecord: DetailsTypeDeclaration = { name: "customer-record", ...restrictedTo };

/** The use that is reading these customers' records at once. */
export const reading = (type: DetailsTypeDeclaration, customers: readonly string[]): DetailsUse => ({
  [type.name]: { customers, maxRecords: customers.length },
});

/** One commit, and no other. */
export const deployment: DetailsTypeDeclaration = {
  name: "deployment",
  schema: {
    type: "object",
    additionalProperties: false,
    required: ["commit"],
    properties: { commit: { type: "string", maxLength: 64 } },
  },
  rules: { commit: "exact" },
};

/** The use that is deploying this commit. */
export const deploying = (commit: string): DetailsUse => ({ [deployment.name]: { commit } });
