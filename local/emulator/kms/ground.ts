import type { Permissions } from "../iam/permissions.ts";
import type { StateFolder } from "../state.ts";
import type { KeyGround } from "./life.ts";

interface KeyPlace {
  readonly account: string;
  readonly region: string;
  readonly state: StateFolder;
}

/** Where functions make keys: their policies count beside those of the template. */
export function keyGround({ account, region, state }: KeyPlace, permissions: Permissions): KeyGround {
  const directory = state.at("keys");
  return {
    account,
    region,
    ...(directory === undefined ? {} : { directory }),
    policyOf(arn) {
      const Statement = permissions.resourcePolicy(arn);
      return Statement && JSON.stringify({ Version: "2012-10-17", Statement });
    },
    setPolicy: permissions.setResourcePolicy,
    lockout: (caller, resource, document) =>
      permissions.refusalUnder(document, caller, { action: "kms:PutKeyPolicy", resource, context: {} }),
  };
}
