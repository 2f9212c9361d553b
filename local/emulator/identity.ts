/** Who is who in an account and what each may: roles, credentials, identity providers, and the two services for them. */
import type { Cloud } from "./cloudformation/template.ts";
import { openIam } from "./iam/api/service.ts";
import { type Callers, openCallers } from "./iam/caller.ts";
import { openPermissions, type Permissions } from "./iam/permissions.ts";
import { type IdentityProviders, openProviders } from "./iam/providers.ts";
import { openUsers, type Users } from "./iam/users.ts";
import type { QueryService } from "./query.ts";
import type { TokenKey } from "./sts/issuer.ts";
import { openSts } from "./sts/service.ts";
import type { Workloads } from "./workloads/workloads.ts";

/** What everything else of the account asks. */
export interface Identity {
  readonly permissions: Permissions;
  readonly callers: Callers;
  readonly providers: IdentityProviders;
  readonly users: Users;
}

/** Reads the template's; throws on a policy that cannot be evaluated in full. */
export function openIdentity(cloud: Cloud, nowMillis: () => number): Identity {
  const permissions = openPermissions(cloud, nowMillis);
  const callers = openCallers(nowMillis);
  return {
    permissions,
    callers,
    providers: openProviders(cloud),
    users: openUsers(permissions.roles, callers, nowMillis),
  };
}

/** Where the services stand. */
interface IdentityPlace {
  readonly region: string;
  readonly stsIssuer: string;
  readonly stsKeys: readonly TokenKey[];
  readonly workloads: Workloads;
  readonly nowMillis: () => number;
}

/** STS and IAM of the account. */
export function identityServices(
  { permissions, callers, providers, users }: Identity,
  { region, stsIssuer, stsKeys, workloads, nowMillis }: IdentityPlace,
): { readonly sts: QueryService; readonly iam: QueryService } {
  const { roles, federatedRefusal } = permissions;
  const place = { issuer: stsIssuer, region, keys: stsKeys, nowMillis };
  return {
    sts: openSts({ ...place, roles, callers, providers, users, refusal: federatedRefusal }),
    iam: openIam({ roles, workloads }),
  };
}
