import type { Denial } from "../../denial/denial.ts";
import { limits } from "../../model/limits.ts";
import { err, ok, type Result } from "../../model/result.ts";

const invalid = (name: string, why: string): Result<never, Denial> =>
  err({ code: "parameter_invalid", name: name.slice(0, 64), why });

/**
 * Reads a query string: it is bounded, and each parameter must be known, sent once and not empty.
 * @param text the part after `?`, undecoded
 * @param known names that may appear
 * @returns values by name, or `malformed_request`, `parameter_invalid`, `parameter_repeated`
 */
export function readQuery(text: string, known: readonly string[]): Result<ReadonlyMap<string, string>, Denial> {
  if (text.length > limits.adminQueryCharacters)
    return err({ code: "malformed_request", what: "the query is too long" });
  const found = new Map<string, string>();
  for (const part of text === "" ? [] : text.split("&")) {
    const at = part.indexOf("=");
    const name = decoded(at < 0 ? part : part.slice(0, at));
    const value = decoded(at < 0 ? "" : part.slice(at + 1));
    if (name === undefined || value === undefined)
      return err({ code: "malformed_request", what: "bad percent-encoding" });
    if (!known.includes(name)) return invalid(name, "unknown parameter");
    if (found.has(name)) return err({ code: "parameter_repeated", name });
    if (value === "") return invalid(name, "it is empty");
    found.set(name, value);
  }
  return ok(found);
}

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
};

/** How many items a page may hold, `limit` of the query. */
export function pageLimit(query: ReadonlyMap<string, string>): Result<number, Denial> {
  const text = query.get("limit");
  if (text === undefined) return ok(limits.adminPageSize);
  const asked = /^[1-9]\d{0,2}$/.test(text) ? Number(text) : Number.NaN;
  return asked <= limits.adminPageMax ? ok(asked) : invalid("limit", `a number from 1 to ${limits.adminPageMax}`);
}

/** A parameter that says yes or no; absent is no. */
export function flag(query: ReadonlyMap<string, string>, name: string): Result<boolean, Denial> {
  const text = query.get(name) ?? "false";
  return text === "true" || text === "false" ? ok(text === "true") : invalid(name, "true or false");
}

/** A version's number. */
export function versionNumber(query: ReadonlyMap<string, string>): Result<number | undefined, Denial> {
  const text = query.get("version");
  if (text === undefined) return ok(undefined);
  return /^[1-9]\d{0,7}$/.test(text) ? ok(Number(text)) : invalid("version", "a version's number");
}

/** The subjects by which sessions can be asked for. */
export type Subject =
  | { readonly kind: "agent" | "principal" | "build"; readonly id: string }
  | { readonly kind: "session" | "root"; readonly id: string }
  | { readonly kind: "deployment"; readonly id: string };

const agentId = /^spiffe:\/\/([a-z0-9._-]{1,255})\/agent\/[a-z0-9._-]+(?:\/[a-z0-9._-]+)*$/;
const shapes: Readonly<Record<Subject["kind"], RegExp>> = {
  agent: agentId,
  principal: new RegExp(`^p_[a-z2-7]{32}$|${agentId.source}`),
  build: /^[A-Za-z0-9+/=_:.-]{1,128}$/,
  session: /^[A-Za-z0-9_-]{22}$/,
  root: /^[A-Za-z0-9_-]{22}$/,
  deployment: /^[a-z0-9._-]{1,255}$/,
};

/**
 * The one subject a query names. Ids of another trust domain are refused, since none of its agents can be here.
 * @returns `parameter_missing` for none, `parameter_invalid` for several or one that is not an id of its kind
 */
export function subjectOf(
  query: ReadonlyMap<string, string>,
  kinds: readonly Subject["kind"][],
  trustDomain: string,
): Result<Subject, Denial> {
  const given = kinds.filter((kind) => query.has(kind));
  const [kind] = given;
  if (kind === undefined) return err({ code: "parameter_missing", name: kinds.join(" | ") });
  if (given.length > 1) return invalid(given[1] ?? "", `name one of ${kinds.join(", ")}`);
  const id = query.get(kind) ?? "";
  if (id.length > limits.agentIdCharacters + 100 || !shapes[kind].test(id))
    return invalid(kind, "not an id of this kind");
  const foreign = id.startsWith("spiffe:") && !id.startsWith(`spiffe://${trustDomain}/agent/`);
  if (foreign || (kind === "deployment" && id !== trustDomain)) return invalid(kind, "not of this deployment");
  return ok({ kind, id } as Subject);
}
