import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Stage as CdkStage, Stack, Token } from "aws-cdk-lib";
import type { IEventBus } from "aws-cdk-lib/aws-events";
import type { IBucket } from "aws-cdk-lib/aws-s3";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import { deployment } from "./deployment.ts";
import type { DomainTarget } from "./issuer/http-api.ts";
import { packRegistry } from "./service/registry/packed.ts";
import type { LanyardProps } from "./settings/props.ts";
import { stageOf } from "./settings/stage.ts";

/** Addresses of a deployment, as tokens that CloudFormation resolves. */
export interface LanyardUrls {
  /** The issuer of all tokens, without a slash at its end. */
  readonly issuer: string;
  readonly attest: string;
  readonly attestIam: string;
  readonly token: string;
  readonly introspect: string;
  readonly revoke: string;
  readonly adminRead: string;
  readonly adminWrite: string;
  readonly adminRevoke: string;
  readonly adminRotate: string;
}

/** Context key by which a checkout names the folder of its bundles; the package contains them. */
const functionsContext = "lanyard:functions";

/**
 * A deployment of Lanyard: four stacks, `lanyard-<stage>-state`, `-audit`, `-issuer` and `-service`. It is created in
 * an App or a Stage, beside anything else.
 *
 * @example const app = new App(); new Lanyard(app, "Lanyard", { stage: "prod", trustDomain: "agents.example.com",
 * operators: ["role/Operator"] });
 */
export class Lanyard extends Construct {
  readonly urls: LanyardUrls;
  /** Where the deployment's domain must point, if it has one. */
  readonly domainTarget: DomainTarget | undefined;
  /** Bus of all audit records. Only the relay may put events on it. */
  readonly auditBus: IEventBus;
  /** Keeps the audit records. */
  readonly auditBucket: IBucket;
  /** Topic of every alarm. */
  readonly alarmTopic: ITopic;
  /** The stacks, State first: for tags, for dependencies, for `cdk deploy`. */
  readonly stacks: { readonly state: Stack; readonly audit: Stack; readonly issuer: Stack; readonly service: Stack };

  /**
   * @param scope an App or a Stage
   * @throws inside a Stack, for a wrong setting, and for an invalid registry
   */
  constructor(scope: Construct, id: string, props: LanyardProps) {
    super(scope, id);
    const around = scope.node.scopes.find((one) => Stack.isStack(one));
    if (around)
      throw new Error(
        `${this.node.path}: Lanyard is four stacks of its own and cannot stand inside the stack ${around.node.path}; put it into the App or a Stage`,
      );
    const { stage: name, ...given } = props;
    const stage = stageOf(name, { ...placeOf(this), ...given });
    const dist = functionsOf(this);
    const registry = stage.registry && packRegistry(dist, stage.registry, stage);
    const made = deployment(this, registry === undefined ? { stage, dist } : { stage, dist, registry });
    const { state, audit, issuer, service } = made;
    const { "attest-iam": attestIam, "admin-read": adminRead, "admin-write": adminWrite, ...urls } = service.urls;
    const { "admin-revoke": adminRevoke, "admin-rotate": adminRotate, ...plain } = urls;
    this.urls = { issuer: issuer.issuer, ...plain, attestIam, adminRead, adminWrite, adminRevoke, adminRotate };
    this.domainTarget = issuer.api?.target;
    // CDK's classes fit its interfaces only without exactOptionalPropertyTypes, and whether the compiler notices depends on
    // the order in which it reads the files
    this.auditBus = audit.bus as IEventBus;
    this.auditBucket = state.auditBucket as IBucket;
    this.alarmTopic = audit.topic;
    this.stacks = { state, audit, issuer, service };
  }
}

/** Region and account of the surrounding Stage, where it names them. */
function placeOf(scope: Construct): { readonly region?: string; readonly account?: string } {
  const { region, account } = CdkStage.of(scope) ?? {};
  const isKnown = (value: string | undefined): value is string => value !== undefined && !Token.isUnresolved(value);
  return { ...(isKnown(region) && { region }), ...(isKnown(account) && { account }) };
}

/** Folder of the functions' code. @throws when it is neither beside this file nor named by the context */
function functionsOf(scope: Construct): string {
  const named: unknown = scope.node.tryGetContext(functionsContext);
  if (typeof named === "string") return named;
  const beside = fileURLToPath(new URL("./functions", import.meta.url));
  if (existsSync(beside)) return beside;
  throw new Error(`there is no ${beside}; in a checkout name the bundles: -c ${functionsContext}=dist`);
}
