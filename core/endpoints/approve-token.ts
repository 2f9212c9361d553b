import { type ByTokenDeps, byToken } from "../admin/approve/by-token.ts";
import type { Call, Reply } from "../model/wire.ts";
import { type ApproveDeps, createApprovePoint } from "./approve.ts";

/**
 * The address for people without an account at AWS, open to everybody. A call is handled as in `approve.ts`, with one
 * difference:
 *
 * 1. **person**: by a token of a client for approvals, bound to a key that is proved in this call, or of a sign-in a
 *    moment ago (`admin/approve/by-token.ts`)
 */
export const createApproveTokenEndpoint =
  (deps: ApproveDeps & ByTokenDeps) =>
  (call: Call, authorization: string | undefined): Promise<Reply> => {
    // 1. person
    return createApprovePoint(deps, () => byToken(call, authorization, deps))(call);
  };
