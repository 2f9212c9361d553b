import { Aws } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { type FunctionProps, LanyardFunction } from "../function/lanyard-function.ts";
import { useKeyring } from "../state/keyring.ts";
import type { StateStack } from "../state/state-stack.ts";
import { urlsParameterName } from "./urls-parameter.ts";

/**
 * Metadata, keys and stored status lists. As the most exposed function it cannot sign, since any key at `jwks_uri`
 * could mint a session (threat 3). It reads the other functions' URLs by a literal name, since with references the
 * stacks would depend on each other in a circle.
 */
export class Discovery extends LanyardFunction {
  constructor(scope: Construct, id: string, props: FunctionProps & { readonly state: StateStack }) {
    super(scope, id, { ...props, name: "discovery" });
    const { tables } = props.state;
    const pushed = props.stage.securityEvents ? (["events"] as const) : [];
    useKeyring(this, props, "identity", "session", "status", ...pushed);
    tables.grantListRead(this);
    tables.grantPublishedRead(this);
    const parameter = urlsParameterName(props.stage);
    const arn = `arn:${Aws.PARTITION}:ssm:${Aws.REGION}:${Aws.ACCOUNT_ID}:parameter${parameter}`;
    const why = "learns where the other functions are";
    this.grant({ actions: ["ssm:GetParameter"], on: [{ name: parameter, arn }], why }, { urlsParameter: parameter });
  }
}
