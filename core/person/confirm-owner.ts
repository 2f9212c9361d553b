import type { AuditContext } from "../audit/context.ts";
import type { Recorder } from "../audit/record.ts";
import { limits } from "../model/limits.ts";
import type { Ids } from "../model/ports.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { subjects } from "../model/subjects.ts";
import type { Confirmation, LivenessRows, SessionStore } from "../session/store.ts";

/** The ports that keeping a confirmation uses. */
interface ConfirmPorts {
  readonly ids: Ids;
  readonly toRecord: Recorder;
  readonly store: Pick<SessionStore, "confirm">;
}

/**
 * Keeps that the owner of an agent has signed in, with a record, when what was kept is older by
 * `limits.ownerConfirmedAgainSeconds`: a login costs a transaction only then.
 * @param signedIn one of the registry's `confirmedOwners`
 * @param rows of a batch that asked for this person
 */
export async function keepSignIn(
  signedIn: Confirmation,
  { rows, registry }: { readonly rows: LivenessRows; readonly registry: RegistrySnapshot },
  { audit, ports }: { readonly audit: AuditContext; readonly ports: ConfirmPorts },
): Promise<void> {
  const { principal, atSeconds } = signedIn;
  const kept = rows.confirmedAtSeconds?.get(principal);
  if (kept !== undefined && atSeconds < kept + limits.ownerConfirmedAgainSeconds) return;
  const { timeMillis, requestId, sourceIp, userAgent, agent, jkt } = audit.facts;
  const from = { ...(sourceIp === undefined ? {} : { sourceIp }), ...(userAgent === undefined ? {} : { userAgent }) };
  const by = { ...(agent === undefined ? {} : { agent }), ...(jkt === undefined ? {} : { jkt }) };
  const facts = { timeMillis, requestId, ...from, ...by, principal, registryVersion: registry.version };
  const target = subjects.principal(principal);
  const record = ports.toRecord({ operation: "owner.confirm", outcome: "allowed", ...facts, target }, ports.ids.id());
  await ports.store.confirm(signedIn, record);
}
