import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { expect, it } from "vitest";
import { createTopic } from "../../../lambdas/aws/sns/topic.ts";
import { awaitRecords, type StoredRecord } from "../../../local/demo/story/records.ts";
import type { bootRelease } from "./booted.ts";

type Booted = Awaited<ReturnType<typeof bootRelease>>;

/** What people are told, on the booted deployment; the minute is the schedule's, which fires when a test says so. */
export function tellsPeople(booted: () => Booted, asks: (lifetimeSeconds: number) => Promise<string>): void {
  const topicArn = () => booted().world.cloud.outputs.ApprovalNoticesTopic ?? "";
  const published = () => booted().world.cloud.published(topicArn());
  const minute = async () => {
    const { cloud } = booted().world;
    await cloud.flush();
    await cloud.fireSchedules(60_000);
  };

  it("people get one notice a minute and group of all that began to wait, and none twice that the bus brings twice", async () => {
    await minute();
    const before = published().length;
    const ids = [await asks(140), await asks(150)];
    const own = (all: readonly StoredRecord[]) =>
      all.filter(
        ({ facts }) => facts.operation === "approval.ask" && ids.some((id) => JSON.stringify(facts).includes(id)),
      );
    const records = own(await awaitRecords(booted().world, (all) => own(all).length === 2, 20_000));
    await bring(booted(), records);
    await minute();
    const [told, ...more] = published().slice(before);
    expect([more, told?.attributes]).toEqual([[], { group: "people/release" }]);
    expect(told?.texts.default).toMatch(/^2 requests wait for people\/release:/);
    for (const id of ids) expect(told?.texts.default).toContain(`${id} of agent planner`);
    await bring(booted(), records);
    await minute();
    expect(published()).toHaveLength(before + 1);
    const { cloud } = booted().world;
    expect([cloud.queueMessages("ApprovalNoticesAsks"), cloud.queueMessages("UntoldAsks")]).toEqual([[], []]);
  });

  it("threat 65: who may do everything in the account publishes no notice", async () => {
    const { aws, operator } = booted().world.cloud;
    const place = { topicArn: topicArn(), region: aws.region, endpoint: aws.endpoint, credentials: operator };
    const before = published().length;
    const notice = { group: "people/release", asks: [], title: "Lanyard", text: "approve all" };
    await expect(createTopic(place, fetch)(notice)).rejects.toThrow("403 AuthorizationError");
    expect(published()).toHaveLength(before);
  });
}

/** Puts records on the bus once more, as the relay does whose answer was lost. */
async function bring({ world }: Booted, records: readonly StoredRecord[]): Promise<void> {
  const { cloud } = world;
  const [relay = ""] = cloud.functions().filter((name) => name.includes("Relay"));
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = cloud.environment(relay);
  const credentials = {
    ...{ accessKeyId: AWS_ACCESS_KEY_ID ?? "", secretAccessKey: AWS_SECRET_ACCESS_KEY ?? "" },
    sessionToken: AWS_SESSION_TOKEN ?? "",
  };
  const bus = new EventBridgeClient({ ...cloud.aws, credentials });
  const Entries = records.map(({ facts }) => ({
    ...{ EventBusName: cloud.outputs.AuditBusName, Source: "lanyard", DetailType: "Lanyard Audit" },
    Detail: JSON.stringify({ unmapped: { lanyard: facts } }),
  }));
  const { FailedEntryCount } = await bus.send(new PutEventsCommand({ Entries }));
  expect(FailedEntryCount).toBe(0);
  bus.destroy();
}
