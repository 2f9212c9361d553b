import { parseAssumedRole } from "../../attest/formats/assumed-role.ts";
import type { Denial } from "../../denial/denial.ts";
import { type IamCaller, iamCallerKey } from "../../model/approver.ts";
import { personId } from "../../model/person-id.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import type { PlatformCaller } from "../../model/wire.ts";
import type { Introduce } from "./approver.ts";

const unknown = (why: string) => err<Denial>({ code: "approver_unknown", why });

/**
 * The person that the registry says a caller of AWS is. Unique ids are compared, and of a role the session's name: it is
 * the person's, since the address admits only sessions whose name is their source identity or that IAM Identity Center
 * named. A role that an agent is admitted by, or gets credentials of, is nobody's (threat 58).
 * @returns who it is by a registry: `approver_unknown`, `approver_is_agent`
 */
export function byIam(caller: PlatformCaller | undefined): Introduce {
  const read = caller ? iamCallerOf(caller) : unknown("the call did not come through a URL that IAM guards");
  return async (registry) => {
    if (!read.ok) return read;
    const agent = agentOf(caller?.arn ?? "", registry);
    if (agent !== undefined) return err({ code: "approver_is_agent", agent });
    const registered = registry.approver(read.value);
    if (!registered) return unknown(`no approver is ${iamCallerKey(read.value)}`);
    const { person, groups } = registered;
    if (!registry.trustedIssuer(person.issuer, "person")) return unknown(`${person.issuer} is trusted for people`);
    const { uniqueId, session } = read.value;
    return ok({
      principal: personId(person.issuer, person.sub),
      groups,
      as: { proof: "iam", uniqueId, ...(session === undefined ? {} : { sourceIdentity: session }) },
      replayEntries: [],
    });
  };
}

/** A caller by what never belongs to another: its unique id, and of a role's session its name, which the ARN must repeat. */
function iamCallerOf({ arn, userId }: PlatformCaller): Result<IamCaller, Denial> {
  if (/^AIDA[A-Z0-9]{12,124}$/.test(userId) && /^arn:[a-z-]+:iam::\d{12}:user\//.test(arn))
    return ok({ uniqueId: userId });
  const [, uniqueId, session] = /^(AROA[A-Z0-9]{12,124}):([\w+=,.@-]{2,64})$/.exec(userId) ?? [];
  if (uniqueId === undefined || session === undefined || parseAssumedRole(arn)?.sessionName !== session)
    return unknown("the caller is neither a user nor a named session of a role");
  return ok({ uniqueId, session });
}

/** A role's account and name: a session's ARN has lost the path. */
function roleOf(arn: string): string | undefined {
  const [, account, name] = /^arn:[a-z-]+:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(arn) ?? [];
  return account === undefined || name === undefined ? undefined : `${account}/${name}`;
}

/** The agent that a session of this role could be, or be given: whatever its state, and whatever evidence it shows. */
function agentOf(arn: string, registry: Pick<RegistrySnapshot, "agents" | "agentId" | "roles">): string | undefined {
  const role = roleOf(parseAssumedRole(arn)?.roleArn ?? "");
  if (role === undefined) return undefined;
  const admitted = registry.agents.find(({ selectors }) =>
    selectors.some(({ exact }) => roleOf(exact.roleArn ?? "") === role),
  );
  const [given] = registry.roles.find((one) => roleOf(one.arn) === role)?.agents ?? [];
  const name = admitted?.name ?? given;
  return name === undefined ? undefined : registry.agentId(name);
}
