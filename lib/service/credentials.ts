import { Aws } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { acknowledgeRolesOfAccounts } from "../acknowledged.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import type { Stage } from "../settings/stage.ts";
import { useKeyring } from "../state/keyring.ts";
import { demandNonces } from "./dpop-nonces.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

/**
 * Credentials of AWS for sessions. It signs nothing, and may assume roles of the accounts that the stage names and of no
 * others; which of them let it in, their own trust policies say. Making the credentials of such a role shorter is a right of
 * that role.
 */
export class Credentials extends LanyardFunction {
  constructor(
    scope: Construct,
    id: string,
    {
      awsCredentials,
      ...props
    }: ServiceFunctionProps & { readonly awsCredentials: NonNullable<Stage["awsCredentials"]> },
  ) {
    super(scope, id, { ...props, name: "credentials" });
    const { accounts, lifeSeconds } = awsCredentials;
    this.tell({ issuer: props.issuer, awsCredentialsLifeSeconds: String(lifeSeconds) });
    const { tables } = props.state;
    tables.grantLivenessRead(this);
    tables.grantVendWrite(this);
    tables.grantReplayWrite(this);
    tables.grantCount(this, "rate");
    tables.grantRegistryRead(this);
    tables.grantRecords(this);
    useKeyring(this, props, "identity", "session");
    demandNonces(this, "credentials", props);
    this.grant(
      {
        actions: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        on: accounts.map((account) => ({
          name: `roles of ${account}`,
          arn: `arn:${Aws.PARTITION}:iam::${account}:role/*`,
        })),
        why: "assumes the roles that the registry names, in the session's own name",
      },
      { awsAccounts: accounts.join(",") },
    );
    acknowledgeRolesOfAccounts(this.role, accounts);
  }
}
