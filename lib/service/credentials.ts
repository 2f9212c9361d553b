import { Aws } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { acknowledgeTargetRoles } from "../acknowledged.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import type { Stage } from "../settings/stage.ts";
import { useKeyring } from "../state/keyring.ts";
import { targetPath } from "../targets/trust.ts";
import { demandNonces } from "./dpop-nonces.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

/**
 * Credentials of AWS for sessions. It signs nothing. Of the accounts that the stage names it may assume the roles below
 * `/lanyard/target/` and no others: many accounts have a role that trusts a whole account and is an administrator
 * (`OrganizationAccountAccessRole`), which neither a wrong registration nor a taken-over function may get. Which of
 * those roles let it in, their own trust policies say. Making the credentials of such a role shorter is a right of that
 * role.
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
    tables.grantConfirmationsRead(this);
    tables.grantPersonKeyBatch(this);
    tables.grantVendWrite(this);
    tables.grantReplayWrite(this);
    tables.grantReplayRead(this);
    tables.grantCount(this, "rate");
    tables.grantRegistryRead(this);
    tables.grantRecords(this);
    useKeyring(this, props, "identity", "session");
    demandNonces(this, "credentials", props);
    this.grant(
      {
        actions: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        on: accounts.map((account) => ({
          name: `target roles of ${account}`,
          arn: `arn:${Aws.PARTITION}:iam::${account}:role${targetPath}*`,
        })),
        why: "assumes the roles that the registry names, in the session's own name",
      },
      { awsAccounts: accounts.join(",") },
    );
    acknowledgeTargetRoles(this.role, accounts, targetPath);
  }
}
