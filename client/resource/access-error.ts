import type { VerifyRefusal, VerifyRefusalCode } from "../../core/verify/refusal.ts";
import type { RefusalReply } from "../../core/verify/refusal-reply.ts";
import { LanyardError } from "../error.ts";
import type { OpenRequest } from "./open-answers.ts";
import type { MetadataReply } from "./resource-metadata.ts";

/**
 * A request that is not let in, with the reply to send and the reason for the log. Code `open` is not a refusal: it is
 * a request for the resource's metadata or a browser's preflight, which carry no token and are answered by the reply.
 */
export class AccessError extends LanyardError {
  override readonly name: string = "AccessError";
  declare readonly code: VerifyRefusalCode | OpenRequest["code"];
  /** What is wrong, with the facts; for the log; the reply contains what the caller may know. */
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
