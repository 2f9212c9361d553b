import * as z from "zod";
import { readableText } from "../text/readable-text.ts";
import { name, uri } from "./names.ts";

const isRole = (uniqueId: string): boolean => uniqueId.startsWith("AROA");

/** A caller as IAM names it to the function: a user, or a session of a role. */
const iam = z
  .strictObject({
    uniqueId: z.string().regex(/^A(ROA|IDA)[A-Z0-9]{12,124}$/, "use the unique id of a role (AROA…) or a user (AIDA…)"),
    session: z
      .string()
      .regex(/^[\w+=,.@-]{2,64}$/, "use a role session's name")
      .exactOptional(),
  })
  .refine(
    ({ uniqueId, session }) => isRole(uniqueId) === (session !== undefined),
    "a role is many people: name the session too; a user has none",
  );

/** The shape of a registered approver. */
export const approver = z.strictObject({
  kind: z.literal("approver"),
  name,
  // OpenID Connect Core 2: a subject has at most 255 characters
  person: z.strictObject({
    issuer: uri,
    sub: z.string().min(1).max(255).regex(readableText, "holds a control or format character"),
  }),
  iam,
  groups: z.array(z.string().min(3).max(200)).min(1).max(50),
});
