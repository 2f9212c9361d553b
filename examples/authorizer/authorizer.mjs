import { createHttpApiAuthorizer } from "@lanyard-iam/client/authorizer";

const { ISSUER: issuer, RESOURCE: resource, SERVED_AT: requestUrl } = process.env;

/** Whoever reads needs one scope, whoever does anything else the other. */
export const handler = createHttpApiAuthorizer({
  ...{ issuer, resource, requestUrl, mode: "offline" },
  requires: (event) => (event.requestContext.http.method === "GET" ? ["tickets:read"] : ["tickets:write"]),
  refused: ({ code }) => console.log(JSON.stringify({ refused: code })),
});
