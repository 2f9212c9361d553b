import type { VerifyRefusal, VerifyRefusalCode } from "../../core/verify/refusal.ts";
import type { RefusalReply } from "../../core/verify/refusal-reply.ts";
import { LanyardError } from "../error.ts";
import type { OpenRequest } from "./open-answers.ts";
import type { MetadataReply } from "./resource-metadata.ts";

/**
 * A request that is not let in: what to answer, and why for the log. Code `open` is no refusal: the metadata of the
 * resource or a browser's preflight, which come before any token and are answered by the same reply.
 */
export class AccessError extends LanyardError {
  override readonly name: string = "AccessError";
  declare readonly code: VerifyRefusalCode | OpenRequest["code"];
  /** What is wrong, with the facts; for the log, since what the caller may know stands in the reply. */
  readonly refusal: VerifyRefusal | OpenRequest;
  /** What to answer: status, headers with the challenge, body. */
  readonly reply: RefusalReply | MetadataReply;

  constructor(refusal: VerifyRefusal | OpenRequest, reply: RefusalReply | MetadataReply) {
    const { code, ...facts } = refusal;
    const told = Object.entries(facts).map(([name, value]) => `${name} ${[value].flat().join(" ")}`);
    super(code, "access", {
      status: reply.status,
      ...(told.length > 0 ? { description: `${code} (${told.join(", ")})` } : {}),
    });
    this.refusal = refusal;
    this.reply = reply;
  }
}
