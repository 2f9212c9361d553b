import { Refused } from "../terminal/outcome.ts";
import type { Profile } from "./profile.ts";

/** The code of the innermost failure, since fetch wraps the socket's error. */
export function codeOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  if (!(inner instanceof Error)) return "";
  const of = inner instanceof AggregateError ? (inner.errors[0] as unknown) : inner;
  return of instanceof Error && "code" in of ? String(of.code) : inner.name;
}

/** The refusal for a function that was not reached: why, and what to do about it. */
export function unreachable(url: URL, cause: unknown, kind: Profile["kind"]): Refused {
  const code = codeOf(cause);
  const why = code === "" ? String(cause) : code;
  const facts = { code: "unreachable", why };
  return new Refused(`the function at ${url.origin} cannot be reached (${why}): ${whatToDo(code, kind)}`, facts);
}

function whatToDo(code: string, kind: Profile["kind"]): string {
  if (kind === "local") return "is the local run still up? Start it again with npm start";
  switch (code) {
    case "ENOTFOUND":
      return "no function has this URL any more; after a new deployment, run lanyard login again";
    case "EAI_AGAIN":
      return "names are not resolved here: is there a network?";
    case "TimeoutError":
      return "it took too long to answer; its log says why, and docs/runbook.md what to do";
    case "CERT_HAS_EXPIRED":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return "somebody between here and AWS answers in its place; NODE_EXTRA_CA_CERTS names a proxy's own authority";
    default:
      return "is there a network, a VPN or a proxy in between? lanyard whoami says which deployment is asked";
  }
}

/**
 * What to do about a status that comes from Lambda itself or says little; undefined where the answer says enough.
 * @param value the answer's members
 */
export function hintFor(status: number, value: Readonly<Record<string, unknown>>, url: URL): string | undefined {
  const said = String(value.Message ?? value.message ?? "");
  if (/security token.*(expired|invalid)|expired/i.test(said))
    return "your AWS credentials have expired or are not valid: log in to AWS again (aws sso login)";
  // our own refusals have member `error`, Lambda's have not
  if (status === 403 && value.error === undefined)
    return `may your role call ${url.host}? lanyard whoami says who you are, docs/operating.md what a role needs`;
  if (status === 404 && value.error === undefined)
    return "no function has this URL any more; after a new deployment, run lanyard login again";
  if (status === 429) return "the function has no instance free, or the account none: try again";
  if (status >= 500 && value.error === undefined)
    return "the function failed; its log says why, docs/runbook.md what to do";
  return undefined;
}
