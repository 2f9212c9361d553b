import { badRequest, type Rows } from "../row.ts";

/** Refusals about the request's shape, each with its facts. */
export type RequestDenial =
  | { readonly code: "content_type_unsupported"; readonly contentType: string; readonly wanted?: "form" }
  | { readonly code: "body_too_large"; readonly bytes: number; readonly limitBytes: number }
  | { readonly code: "malformed_request"; readonly what: string }
  | { readonly code: "parameter_repeated"; readonly name: string }
  | { readonly code: "parameter_missing"; readonly name: string }
  | { readonly code: "parameter_invalid"; readonly name: string; readonly why: string }
  | { readonly code: "grant_unsupported"; readonly grantType: string }
  | { readonly code: "method_not_allowed"; readonly method: string; readonly allow: string }
  | { readonly code: "not_found"; readonly path: string }
  | { readonly code: "history_unsupported"; readonly path: string };

const noForm = badRequest("send parameters as application/x-www-form-urlencoded");

/** What auditors and callers are told of each. */
export const requestDenials: Rows<RequestDenial> = {
  content_type_unsupported: {
    rule: "an endpoint reads one content type",
    missing: (d) => `sent ${d.contentType || "none"}`,
    answer: { status: 415, error: "invalid_request", description: "send the content type this endpoint documents" },
    // RFC 6749 5.2: at the standards' endpoints a request that is not a form is malformed, which is 400
    variant: (d) => (d.wanted === "form" ? noForm : undefined),
  },
  body_too_large: {
    rule: "requests are bounded before they are read",
    missing: (d) => `${d.bytes} of ${d.limitBytes} bytes`,
    answer: {
      status: 413,
      error: "invalid_request",
      description: (d) => `the body may hold at most ${d.limitBytes} bytes`,
    },
  },
  malformed_request: {
    rule: "requests are parsed strictly",
    missing: (d) => d.what,
    answer: badRequest((d) => `the request could not be read: ${d.what}`),
  },
  parameter_repeated: {
    rule: "RFC 6749 3.2: no parameter twice",
    missing: (d) => `one value of ${d.name}`,
    answer: badRequest((d) => `parameter ${d.name} was sent more than once`),
  },
  parameter_missing: {
    rule: "the endpoint's parameters",
    missing: (d) => d.name,
    answer: badRequest((d) => `parameter ${d.name} is missing`),
  },
  parameter_invalid: {
    rule: "the endpoint's parameters",
    missing: (d) => `${d.name}: ${d.why}`,
    answer: badRequest((d) => `parameter ${d.name} is not valid: ${d.why}`),
  },
  grant_unsupported: {
    rule: "RFC 6749 5.2: grants are client credentials and token exchange",
    missing: (d) => d.grantType,
    answer: {
      status: 400,
      error: "unsupported_grant_type",
      description: "use client_credentials or token exchange",
    },
  },
  method_not_allowed: {
    rule: "RFC 9110 15.5.6: the endpoint's methods",
    missing: (d) => `${d.allow} instead of ${d.method}`,
    answer: {
      status: 405,
      error: "invalid_request",
      description: (d) => `use ${d.allow}`,
      headers: { Allow: (d) => d.allow },
    },
  },
  not_found: {
    rule: "the function's paths",
    missing: (d) => d.path,
    answer: {
      status: 404,
      error: "not_found",
      description: "there is nothing at this path",
    },
  },
  history_unsupported: {
    rule: "status lists tell of now alone",
    missing: (d) => d.path,
    answer: {
      status: 501,
      error: "not_implemented",
      description: "only present lists are kept; leave parameter time out",
    },
  },
};
