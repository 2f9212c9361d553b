import type { Reply } from "../model/wire.ts";
import type { Denial } from "./denial.ts";
import { grantFault, rowOf } from "./table.ts";

interface WireError {
  readonly status: number;
  readonly error: string;
  readonly description: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly members?: Readonly<Record<string, number | string>>;
}

/**
 * What a caller is told of a denial. The audit record keeps the rest.
 * @param denial any refusal
 * @returns status, error code and a description that says what to do, as the table has them
 */
export function denialToWire(denial: Denial): WireError {
  const row = rowOf(denial);
  if (!row) throw new Error(`no row for denial ${JSON.stringify(denial)}`);
  const answer = row.variant?.(denial) ?? row.answer;
  const grant = grantFault(denial);
  const {
    status,
    error,
    description,
    headers = {},
    members,
  } = grant === undefined ? answer : { ...answer, status: 400, error: "invalid_grant", description: grant };
  const sent = Object.entries(headers).flatMap(([name, value]) => {
    const text = typeof value === "string" ? value : value(denial);
    return text === undefined ? [] : [[name, text] as const];
  });
  return {
    status,
    error,
    description: typeof description === "string" ? description : description(denial),
    ...(sent.length > 0 ? { headers: Object.fromEntries(sent) } : {}),
    ...(members ? { members: typeof members === "function" ? members(denial) : members } : {}),
  };
}

/**
 * A denial as an OAuth error answer (RFC 6749 5.2). `invalid_client` carries a challenge only where the caller tried an
 * HTTP authentication scheme: there is no scheme to recommend, and some clients take a challenge for the whole answer.
 */
export function denialReply(denial: Denial): Reply {
  const { status, error, description, headers, members } = denialToWire(denial);
  return {
    status,
    ...(headers ? { headers } : {}),
    contentType: "application/json",
    body: JSON.stringify({ error, error_description: printable(description), ...members }),
  };
}

/**
 * RFC 6749 5.2: the only characters an `error_description` may hold. A name from the request must not bring others into
 * a log.
 */
const printable = (text: string): string => text.replace(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/gu, "?");
