import { RemovalPolicy } from "aws-cdk-lib";
import {
  AttributeType,
  Billing,
  StreamViewType,
  TableEncryptionV2,
  type TablePropsV2,
  TableV2,
} from "aws-cdk-lib/aws-dynamodb";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";

const text = (name: string) => ({ name, type: AttributeType.STRING });

/**
 * The six tables. They have no physical names, so that a failed first deployment leaves nothing in the way of the next,
 * and no indexes: an index may lag behind its table, and what revocation has to find must not (threat 6).
 */
export class Tables extends Construct {
  readonly sessions: TableV2;
  readonly subjects: TableV2;
  readonly markers: TableV2;
  readonly revocations: TableV2;
  readonly registry: TableV2;
  readonly outbox: TableV2;

  /** @param dataKey customer-managed key of all tables */
  constructor(scope: Construct, id: string, dataKey: IKey) {
    super(scope, id);
    const table = (name: string, props: TablePropsV2) =>
      new TableV2(this, name, {
        billing: Billing.onDemand(),
        encryption: TableEncryptionV2.customerManagedKey(dataKey),
        pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
        deletionProtection: true,
        removalPolicy: RemovalPolicy.RETAIN,
        ...props,
      });
    this.sessions = table("Sessions", {
      partitionKey: text("root"),
      sortKey: text("sid"),
      timeToLiveAttribute: "expiresAt",
    });
    this.subjects = table("Subjects", {
      partitionKey: text("subject"),
      sortKey: text("session"),
      timeToLiveAttribute: "expiresAt",
    });
    this.markers = table("Markers", { partitionKey: text("key"), timeToLiveAttribute: "expiresAt" });
    this.revocations = table("Revocations", {
      partitionKey: text("subject"),
      timeToLiveAttribute: "expiresAt",
      dynamoStream: StreamViewType.NEW_IMAGE,
    });
    this.registry = table("Registry", { partitionKey: text("kind"), sortKey: text("name") });
    this.outbox = table("Outbox", {
      partitionKey: text("eventId"),
      timeToLiveAttribute: "expiresAt",
      dynamoStream: StreamViewType.NEW_IMAGE,
    });
  }
}
