import { CfnOutput, Stack } from "aws-cdk-lib";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import type { Construct } from "constructs";
import { Alarms } from "../alarms.ts";
import type { AuditStack } from "../audit/audit-stack.ts";
import { publicUrl, signedUrl } from "../function/address.ts";
import type { IssuerStack } from "../issuer/issuer-stack.ts";
import { deploymentParameterName, urlsParameterName } from "../issuer/urls-parameter.ts";
import { type AdminFunction, operatorArn } from "../settings/operators.ts";
import type { Stage } from "../settings/stage.ts";
import { stackProps } from "../stack-props.ts";
import type { StateStack } from "../state/state-stack.ts";
import { adminRead } from "./admin-read.ts";
import { adminRevoke } from "./admin-revoke.ts";
import { adminWrite } from "./admin-write.ts";
import { attest } from "./attest.ts";
import { attestIam } from "./attest-iam.ts";
import { driftWatch, driftWatchMinutes } from "./drift-watch.ts";
import { outboundFederation } from "./federation.ts";
import type { Ground } from "./ground.ts";
import { introspect } from "./introspect.ts";
import { lifecycleWatch, lifecycleWatchMinutes } from "./lifecycle-watch.ts";
import { publisher, publisherMinutes } from "./publisher.ts";
import { type DeployedRegistry, registryApplier } from "./registry-applier.ts";
import { revoke } from "./revoke.ts";
import { rotation, watchRotation } from "./rotation.ts";
import { token } from "./token.ts";
import { eventsAgeSeconds, transmitter } from "./transmitter.ts";

/** The stacks that Service stands on. */
export interface Below {
  readonly state: StateStack;
  readonly audit: AuditStack;
  readonly issuer: IssuerStack;
}

/** Everything that answers requests, and the publisher of status lists. */
export class ServiceStack extends Stack {
  constructor(scope: Construct, stage: Stage, dist: string, below: Below, registry?: DeployedRegistry) {
    super(scope, "Service", stackProps(stage, "service", "the functions that agents and operators call"));
    this.addStackDependency(below.audit);
    const ground: Ground = { scope: this, stage, dist, state: below.state, issuer: below.issuer.issuer };
    const called = {
      Attest: attest(ground),
      Token: token(ground),
      Introspect: introspect(ground),
      Revoke: revoke(ground),
      AdminRevoke: adminRevoke(ground),
      AdminWrite: adminWrite(ground),
      AdminRead: adminRead(ground),
      AttestIam: attestIam(ground),
    };
    const rotates = rotation(ground);
    const operators = (of: AdminFunction) => stage.operators?.[of].map(operatorArn);
    const urls = {
      attest: publicUrl(called.Attest).url,
      token: publicUrl(called.Token).url,
      introspect: publicUrl(called.Introspect).url,
      revoke: publicUrl(called.Revoke).url,
      adminRevoke: signedUrl(called.AdminRevoke, operators("revoke")).url,
      adminWrite: signedUrl(called.AdminWrite, operators("write")).url,
      adminRead: signedUrl(called.AdminRead, operators("read")).url,
      attestIam: signedUrl(called.AttestIam).url,
      adminRotate: signedUrl(rotates.adminRotate, operators("rotate")).url,
    };
    new StringParameter(this, "Urls", {
      parameterName: urlsParameterName(stage),
      description: "Where the functions are, for discovery",
      stringValue: this.toJsonString(urls),
    });
    // no role of ours reads it: whoever logs in needs ssm:GetParameter on this one name
    new StringParameter(this, "Deployment", {
      parameterName: deploymentParameterName(stage),
      description: "Which deployment this is and where operators call it, for lanyard login",
      stringValue: this.toJsonString({
        stage: stage.name,
        account: this.account,
        region: this.region,
        trustDomain: stage.trustDomain,
        issuer: below.issuer.issuer,
        adminRevoke: urls.adminRevoke,
        adminWrite: urls.adminWrite,
        adminRead: urls.adminRead,
        adminRotate: urls.adminRotate,
        auditBucket: below.state.auditBucket.bucketName,
      }),
    });
    const federation = stage.outboundIdentityFederation ? { Federation: outboundFederation(this, stage, dist) } : {};
    const applied = registry ? { RegistryApplier: registryApplier(ground, registry) } : {};
    const published = publisher(ground);
    const events = transmitter(ground, below.audit.bus);
    const watch = lifecycleWatch(ground);
    const drift = driftWatch(ground, [
      ...Object.values({ ...called, ...federation, ...applied }),
      ...[published.publisher, events.transmitter, rotates.rotator, rotates.adminRotate, watch],
      ...[below.issuer.discovery, below.audit.relay, below.audit.sealer],
    ]);
    const alarms = new Alarms(this, "Watch", stage, below.audit.topic);
    for (const [name, made] of Object.entries({
      ...called,
      ...federation,
      ...applied,
      Discovery: below.issuer.discovery,
    })) {
      alarms.ofFunction(name, made);
    }
    alarms.ofFunction("Publisher", published.publisher);
    alarms.ofStream("Publisher", published.publisher);
    alarms.ofSchedule("Publisher", published.publisher, publisherMinutes);
    alarms.ofQueue("PublisherFailures", published.failures);
    alarms.ofFunction("Transmitter", events.transmitter);
    alarms.ofWork("Events", events.queue, eventsAgeSeconds);
    alarms.ofQueue("UndeliveredEvents", events.undelivered);
    watchRotation(alarms, rotates);
    alarms.ofFunction("LifecycleWatch", watch);
    alarms.ofSchedule("LifecycleWatch", watch, lifecycleWatchMinutes);
    alarms.ofFunction("DriftWatch", drift);
    alarms.ofSchedule("DriftWatch", drift, driftWatchMinutes);
    alarms.ofDrift("Drift", driftWatchMinutes);
    alarms.ofAgents("AgentsOverdue", "active agents whose review is late");
    alarms.ofAgents("AgentsDormant", "active agents that had no session for as long as they may be silent");
    for (const [name, value] of Object.entries(urls)) {
      new CfnOutput(this, `${name[0]?.toUpperCase()}${name.slice(1)}Url`, { value });
    }
  }
}
