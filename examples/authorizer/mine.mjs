import { callerOf, createMiddyGuard } from "@lanyard-iam/client/middy";
import middy from "@middy/core";

const { ISSUER: issuer, RESOURCE: resource, SERVED_AT: requestUrl } = process.env;

/** Demands a nonce in every proof, which an authorizer could not. */
export const handler = middy(async (event) => {
  const { principal } = callerOf(event).requires("tickets:read");
  return { statusCode: 200, body: JSON.stringify({ for: principal.id }) };
}).use(createMiddyGuard({ issuer, resource, requestUrl, mode: "offline", nonces: true }));
