import { CfnOutput, Stack } from "aws-cdk-lib";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import type { Construct } from "constructs";
import { type CallableName, functionEntry, type OptionalCallable, urlName, urlOutput } from "../../lambdas/manifest.ts";
import { Alarms } from "../alarms.ts";
import type { AuditStack } from "../audit/audit-stack.ts";
import { Dashboard } from "../dashboard.ts";
import { publicUrl, signedUrl } from "../function/address.ts";
import type { FunctionProps, LanyardFunction } from "../function/lanyard-function.ts";
import { roleArn } from "../function/roles.ts";
import type { HttpApi } from "../issuer/http-api.ts";
import type { IssuerStack } from "../issuer/issuer-stack.ts";
import { deploymentParameterName, urlsParameterName } from "../issuer/urls-parameter.ts";
import { operatorArn } from "../settings/operators.ts";
import type { Stage } from "../settings/stage.ts";
import { stackProps } from "../stack-props.ts";
import type { StateStack } from "../state/state-stack.ts";
import { AdminRead } from "./admin/read.ts";
import { AdminRevoke } from "./admin/revoke.ts";
import { AdminRotate } from "./admin/rotate.ts";
import { AdminWrite } from "./admin/write.ts";
import { Approve, ApproveToken } from "./approve.ts";
import { Attest, AttestIam } from "./attest.ts";
import { AwsStop, stopsInAws } from "./aws-stop.ts";
import { Canary, canaryBounds } from "./canary.ts";
import { Credentials } from "./credentials.ts";
import { Decide, DecideIam } from "./decide.ts";
import { DriftWatch, driftWatchMinutes } from "./drift-watch.ts";
import { Federation } from "./federation.ts";
import { Introspect } from "./introspect.ts";
import { LifecycleWatch, lifecycleWatchMinutes } from "./lifecycle-watch.ts";
import { asksAgeSeconds, Notices, NoticesTopic } from "./notices.ts";
import { Publisher, publisherMinutes } from "./publisher.ts";
import { type DeployedRegistry, RegistryApplier } from "./registry/applier.ts";
import { Revoke } from "./revoke.ts";
import { watchRotation } from "./rotation.ts";
import { Rotator } from "./rotator.ts";
import type { ServiceFunctionProps } from "./service-function.ts";
import { Signals } from "./signals.ts";
import { TokenFunction } from "./token.ts";
import { EventQueues, eventsAgeSeconds, Transmitter } from "./transmitter.ts";

/** The stacks that Service depends on, and the registry that a deployment contains. */
interface ServiceStackProps extends FunctionProps {
  readonly state: StateStack;
  readonly audit: AuditStack;
  readonly issuer: IssuerStack;
  readonly registry?: DeployedRegistry;
}

/** A function of this stack that has an address. */
type Called = Exclude<CallableName, "discovery">;
/** Those that every stage has. */
type Always = Exclude<Called, OptionalCallable>;
/** What there is of each. */
type OfEach<T> = Readonly<Record<Always, T> & Partial<Record<OptionalCallable, T>>>;

/** Everything that answers requests, and the publisher of status lists. */
export class ServiceStack extends Stack {
  /** Address of each function that has one. */
  readonly urls: OfEach<string>;

  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    const { stage, dist, state, audit, issuer, registry } = props;
    super(scope, id, stackProps(stage, "service", "the functions that agents and operators call"));
    this.addStackDependency(audit);
    const made: ServiceFunctionProps = { stage, dist, state, issuer: issuer.issuer };
    const called = this.called(made);
    this.urls = addresses(called, stage, issuer.api);
    this.tell(props);
    const rotator = new Rotator(this, "Rotator", made);
    const others = [
      ...(stage.outboundIdentityFederation ? [new Federation(this, "Federation", made)] : []),
      ...(registry ? [new RegistryApplier(this, "RegistryApplier", { ...made, registry })] : []),
    ];
    const awsStop = this.awsStop(made);
    const publisher = new Publisher(this, "Publisher", { ...made, awsStop });
    const pushing = stage.securityEvents ? this.pushing(made, audit) : undefined;
    const telling = stage.approvalNotices ? this.telling(made, audit) : undefined;
    const watch = new LifecycleWatch(this, "LifecycleWatch", made);
    const canary = stage.canary && new Canary(this, "Canary", made);
    canary?.showTo(called["admin-read"]);
    const watched = [
      ...Object.values(called),
      ...others,
      publisher,
      ...(awsStop ? [awsStop] : []),
      ...(pushing ? [pushing.transmitter] : []),
      ...(telling ? [telling.notices] : []),
      rotator,
      watch,
      ...(canary ? [canary] : []),
    ];
    const all = [...watched, issuer.discovery, audit.relay, audit.sealer, audit.reader, audit.reconciler];
    const drift = new DriftWatch(this, "DriftWatch", { ...made, watched: all });
    if (stage.dashboard)
      new Dashboard(this, "Overview", {
        stage,
        functions: [...all, drift],
        following: [audit.relay, publisher],
        deadLetters: {
          ...audit.deadLetters,
          PublisherFailures: publisher.failures,
          RotatorFailures: rotator.failures,
          ...(pushing && { UndeliveredEvents: pushing.queues.undelivered }),
          ...(telling && { UntoldAsks: telling.told.untold }),
        },
        gaps: audit.unsealed,
        streamName: audit.delivery.stream.ref,
      });
    const alarms = new Alarms(this, "Watch", { stage, topic: audit.topic });
    const { "admin-rotate": ordered, ...answering } = called;
    for (const one of [...Object.values(answering), ...others, issuer.discovery]) alarms.ofFunction(one.node.id, one);
    watchPublisher(alarms, publisher);
    if (stage.signals) alarms.ofFailedAnswers("Signals", "signals");
    if (awsStop) {
      alarms.ofFunction("AwsStop", awsStop);
      alarms.ofCoarseStops();
    }
    if (pushing) {
      alarms.ofFunction("Transmitter", pushing.transmitter);
      alarms.ofWork("Events", pushing.queues.events, eventsAgeSeconds);
      alarms.ofQueue("UndeliveredEvents", pushing.queues.undelivered);
    }
    if (telling) {
      alarms.ofFunction("Notices", telling.notices);
      alarms.ofWork("Asks", telling.told.asks, asksAgeSeconds);
      alarms.ofQueue("UntoldAsks", telling.told.untold);
    }
    watchRotation(alarms, rotator, ordered);
    alarms.ofFunction("LifecycleWatch", watch);
    alarms.ofSchedule("LifecycleWatch", watch, lifecycleWatchMinutes);
    if (canary) {
      alarms.ofFunction("Canary", canary);
      for (const [place, boundMillis] of Object.entries(canaryBounds(stage))) alarms.ofCanary(place, boundMillis);
    }
    alarms.ofFunction("DriftWatch", drift);
    alarms.ofDrift("Drift", driftWatchMinutes);
    alarms.ofAgents("AgentsOverdue", "active agents whose review is late");
    alarms.ofAgents("AgentsDormant", "active agents that had no session for as long as they may be silent");
  }

  /** The functions with an address, by name. */
  private called(made: ServiceFunctionProps): OfEach<LanyardFunction> {
    const { awsCredentials, decisions, approvals, signals } = made.stage;
    return {
      attest: new Attest(this, "Attest", made),
      token: new TokenFunction(this, "Token", made),
      introspect: new Introspect(this, "Introspect", made),
      revoke: new Revoke(this, "Revoke", made),
      ...(awsCredentials && { credentials: new Credentials(this, "Credentials", { ...made, awsCredentials }) }),
      "admin-revoke": new AdminRevoke(this, "AdminRevoke", made),
      "admin-write": new AdminWrite(this, "AdminWrite", made),
      "admin-read": new AdminRead(this, "AdminRead", made),
      "attest-iam": new AttestIam(this, "AttestIam", made),
      "admin-rotate": new AdminRotate(this, "AdminRotate", made),
      ...(decisions && {
        decide: new Decide(this, "Decide", made),
        "decide-iam": new DecideIam(this, "DecideIam", made),
      }),
      ...(approvals && {
        approve: new Approve(this, "Approve", made),
        "approve-token": new ApproveToken(this, "ApproveToken", made),
      }),
      ...(signals && { signals: new Signals(this, "Signals", made) }),
    };
  }

  /** Creates what stops AWS credentials, where they live long enough for that. */
  private awsStop(made: ServiceFunctionProps): AwsStop | undefined {
    const { awsCredentials } = made.stage;
    return awsCredentials && stopsInAws(made.stage)
      ? new AwsStop(this, "AwsStop", { ...made, awsCredentials })
      : undefined;
  }

  /** Creates the transmitter of security events. */
  private pushing(made: ServiceFunctionProps, { bus }: AuditStack) {
    const queues = new EventQueues(this);
    return { queues, transmitter: new Transmitter(this, "Transmitter", { ...made, bus, queues }) };
  }

  /** Creates what tells people that something waits for them. */
  private telling(made: ServiceFunctionProps, { bus }: AuditStack) {
    const told = new NoticesTopic(this, "ApprovalNotices", made);
    new CfnOutput(this, "ApprovalNoticesTopic", { value: told.topic.topicArn });
    return { told, notices: new Notices(this, "Notices", { ...made, bus, told }) };
  }

  /** Publishes the functions' URLs: for discovery, for operators, and as outputs. */
  private tell({ stage, state, audit, issuer }: ServiceStackProps): void {
    const named = Object.entries(this.urls).map(([name, url]) => [name as Called, url] as const);
    new StringParameter(this, "Urls", {
      parameterName: urlsParameterName(stage),
      description: "Where the functions are, for discovery",
      stringValue: this.toJsonString(Object.fromEntries(named.map(([name, url]) => [urlName(name), url]))),
    });
    const forOperators = named.filter(([name]) => functionEntry(name).url === "operators");
    // none of our roles reads it; an operator who logs in needs ssm:GetParameter for this name
    new StringParameter(this, "Deployment", {
      parameterName: deploymentParameterName(stage),
      description: "Which deployment this is and where operators call it, for lanyard login",
      stringValue: this.toJsonString({
        stage: stage.name,
        account: this.account,
        region: this.region,
        trustDomain: stage.trustDomain,
        issuer: issuer.issuer,
        ...Object.fromEntries(forOperators.map(([name, url]) => [urlName(name), url])),
        auditBucket: state.auditBucket.bucketName,
        logKey: state.keys.log.keyId,
        relay: audit.relay.function.functionName,
        refusedQueue: audit.deadLetters.Refused?.queueUrl,
        ...(state.kill && { kill: killPlace(state, stage) }),
      }),
    });
    for (const [name, value] of named) new CfnOutput(this, urlOutput(name), { value });
  }
}

/**
 * Gives each function the address that the manifest names: for everybody, for callers that IAM admits, or for operators
 * only.
 */
function addresses(called: OfEach<LanyardFunction>, stage: Stage, api: HttpApi | undefined): OfEach<string> {
  const made = Object.entries(called).map(([name, of]) => {
    const { url, duty, people } = functionEntry(name as Called);
    if (url === "public") return [name, api ? api.route(of, of, `/${name}`) : publicUrl(of).url];
    const named = duty && stage.operators?.[duty];
    // a duty without names would let everybody in
    if (duty && stage.operators && !named) throw new Error(`the stage names nobody for the duty ${duty}`);
    return [name, signedUrl(of, named?.map(operatorArn), { people: people ?? false }).url];
  });
  return Object.fromEntries(made) as Record<Called, string>;
}

function watchPublisher(alarms: Alarms, publisher: Publisher): void {
  alarms.ofFunction("Publisher", publisher);
  alarms.ofStream("Publisher", publisher);
  alarms.ofSchedule("Publisher", publisher, publisherMinutes);
  alarms.ofQueue("PublisherFailures", publisher.failures);
}

/** What `lanyard kill` needs, since in an incident no function can be asked for it. */
const killPlace = ({ tables: { table } }: StateStack, stage: Stage) => ({
  role: roleArn(stage, "operator-kill"),
  ocsf: stage.ocsf,
  revocations: table.revocations.tableName,
  outbox: table.outbox.tableName,
  registry: table.registry.tableName,
  subjects: table.subjects.tableName,
});
