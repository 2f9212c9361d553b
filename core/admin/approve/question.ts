import type { Denial } from "../../denial/denial.ts";
import type { ApprovalDecision } from "../../model/approval.ts";
import { limits } from "../../model/limits.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { Call } from "../../model/wire.ts";
import { invalidMember, readObject } from "../read-body.ts";

/** What a person wants of the address: see what waits, look at one request, or decide it. */
export type ApproveQuestion =
  | { readonly kind: "list" }
  | { readonly kind: "show"; readonly id: string }
  | {
      readonly kind: "decide";
      readonly id: string;
      readonly verdict: ApprovalDecision["verdict"];
      /** Digest of the request that the person was shown. */
      readonly shown: string;
    };

const verdicts = { approve: "approved", refuse: "refused" } as const;
const digest = /^[A-Za-z0-9_-]{43}$/;

/**
 * Reads a call: `GET /approvals`, `GET /approvals/<id>`, or `POST /approvals/<id>` with `{ "verdict": "approve" or
 * "refuse", "shown": <digest> }`. Whoever decides must say what was shown: a link, or an id alone, says nothing.
 * @returns the question, or `not_found`, `method_not_allowed`, those of {@link readObject}
 */
export function readApproveQuestion(call: Call): Result<ApproveQuestion, Denial> {
  const match = /^\/approvals(?:\/((?:ap|tc)_[A-Za-z0-9_-]{22}))?$/.exec(call.path);
  if (!match) return err({ code: "not_found", path: call.path.slice(0, 100) });
  const { method } = call;
  const id = match[1];
  if (method === "GET") return ok(id === undefined ? { kind: "list" } : { kind: "show", id });
  if (method !== "POST" || id === undefined)
    return err({
      code: "method_not_allowed",
      method: method.slice(0, 20),
      allow: id === undefined ? "GET" : "GET, POST",
    });
  const read = readObject(call, ["verdict", "shown"], limits.requestBodyBytes);
  if (!read.ok) return read;
  const { verdict, shown } = read.value;
  if (verdict !== "approve" && verdict !== "refuse") return invalidMember("verdict", "approve or refuse");
  if (typeof shown !== "string" || !digest.test(shown))
    return invalidMember("shown", "the digest of the request as it was shown");
  return ok({ kind: "decide", id, verdict: verdicts[verdict], shown });
}
