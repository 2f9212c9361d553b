import type { Construct } from "constructs";
import { LanyardFunction } from "../../function/lanyard-function.ts";
import type { ServiceFunctionProps } from "../service-function.ts";

/** The operator's revocation: sessions, agents, principals, builds, the deployment; and the erasure of a person. It cannot sign. */
export class AdminRevoke extends LanyardFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id, { ...props, name: "admin-revoke" });
    this.tell({ issuer: props.issuer });
    const { tables } = props.state;
    tables.grantSessionRead(this);
    tables.grantSubjectWalk(this);
    tables.grantRegistryRead(this);
    tables.grantRevocationTargets(this);
    tables.grantTombstoneWrite(this);
    tables.grantRevocationWrite(this);
    tables.grantPersonKeyRead(this, "encrypts what an operator says of a person");
    tables.grantPersonKeyKeep(this);
    tables.grantPersonKeyDelete(this);
    tables.grantConfirm(this);
    tables.grantRecords(this);
  }
}
