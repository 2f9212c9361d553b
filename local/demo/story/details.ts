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

/** The details types of the two APIs, as the example's registry declares them. */
export const ticketCustomers: DetailsTypeDeclaration = { name: "ticket-customers", ...restrictedTo };
export const customerRecord: DetailsTypeDeclaration = { name: "customer-record", ...restrictedTo };

/** The use that is reading these customers' records at once. */
export const reading = (type: DetailsTypeDeclaration, customers: readonly string[]): DetailsUse => ({
  [type.name]: { customers, maxRecords: customers.length },
});
