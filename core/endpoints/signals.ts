import { startAudit } from "../audit/context.ts";
import { type DenyDeps, deny } from "../audit/deny.ts";
import type { Call, Reply } from "../model/wire.ts";
import { type PushDeps, pushPath, pushRefusal, takePush } from "../signals/push.ts";
import { scimRefusal } from "../signals/scim/reply.ts";
import { scimPath } from "../signals/scim/request.ts";
import { serveScim } from "../signals/scim/serve.ts";

/** What hearing identity providers needs. */
interface SignalsDeps extends DenyDeps, PushDeps {}

/**
 * Hears of identity providers which of their people are gone, or whose sign-ins are over. The way of one call:
 *
 * 1. **way**: a security event that a transmitter pushes (RFC 8935), or a call of a SCIM client (RFC 7644)
 * 2. **take** it (`signals/push.ts`, `signals/scim/serve.ts`). Who says it is proved: a transmitter by a signature, with a
 *    key of the registered address, a client by a token of which the registry has the hash; what it says may be of people
 *    of that one issuer alone (threat 67). A person who is gone is blocked, as by an operator's
 *    order, and owned agents' sessions end with it; or what stands on the person's sign-ins is cut. In one transaction
 *    with its record, and once (`signals/hear.ts`)
 * 3. **answer**, after that was written
 *
 * It blocks and cuts; nothing it is told lifts anything.
 */
export function createSignalsEndpoint(
  deps: SignalsDeps,
): (call: Call, authorization: string | undefined) => Promise<Reply> {
  return async (call, authorization) => {
    const audit = startAudit(call, "signal.note", deps.clock);
    // 1. way
    const isScim = call.path.startsWith(scimPath);
    if (!isScim && call.path !== pushPath)
      return deny(deps, { code: "not_found", path: call.path.slice(0, 100) }, audit);
    // 2. take
    const heard = isScim ? await serveScim(call, authorization, { audit, deps }) : await takePush(call, audit, deps);
    // 3. answer
    if (heard.ok) return heard.value;
    await deny(deps, heard.error, audit);
    return isScim ? scimRefusal(heard.error) : pushRefusal(heard.error);
  };
}
