import {
  createDetailsCheck as createCheck,
  type DetailsTypeDeclaration,
  type DetailsUse,
} from "../../core/verify/permits.ts";
import { refusalReply } from "../../core/verify/refusal-reply.ts";
import type { VerifiedAccess } from "../../core/verify/verified-access.ts";
import { AccessError } from "./access-error.ts";

/** Compares a use with details; see {@link createDetailsCheck}. */
export type DetailsCheck = (details: VerifiedAccess["details"], use: DetailsUse) => void;

/**
 * Creates the check that a guard's `permits` makes, for details that did not come with a request it let in.
 *
 * Every detail must be of a type declared here, be understood completely, and admit, field by field, every value the
 * request names. A field the details restrict and the request does not name is refused, never skipped.
 * @param types the types that restrict this resource, as they are registered
 * @returns a function that throws AccessError `details_forbid`
 * @throws TypeError when a declaration is one that the registry would refuse
 */
export function createDetailsCheck(types: readonly DetailsTypeDeclaration[]): DetailsCheck {
  const check = createCheck(types);
  return (details, use) => {
    const admitted = check(details, use);
    if (!admitted.ok) throw new AccessError(admitted.error, refusalReply(admitted.error));
  };
}
