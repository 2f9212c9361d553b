import { describe, expect, it } from "vitest";
import { bucket, checkpoints, entries, lanyard, open, recorded, sealed, world } from "./ground.ts";

/** What a run that seals one batch writes, in its order, and the how-manieth call of its kind that is. */
const steps = [
  { what: "the batch was claimed", call: "dynamodb:PutItem", nth: 1 },
  { what: "its entries were written", call: "s3:PutObject", nth: 1 },
  { what: "its tile was written", call: "s3:PutObject", nth: 2 },
  { what: "its first record got its place", call: "dynamodb:UpdateItem", nth: 1 },
  { what: "size and root moved on", call: "dynamodb:PutItem", nth: 2 },
  { what: "the checkpoint was signed", call: "kms:Sign", nth: 1 },
  { what: "it was kept", call: "s3:PutObject", nth: 3 },
  { what: "it was announced", call: "events:PutEvents", nth: 1 },
  { what: "it became the newest", call: "s3:PutObject", nth: 4 },
] as const;

/** How often the sealer made a call so far. */
const made = (wanted: string): number =>
  world.cloud
    .calls()
    .filter(({ roleArn, service, operation }) => /sealer/i.test(roleArn) && `${service}:${operation}` === wanted)
    .length;

/** Runs the sealer, and kills its process as soon as it has made a call. */
async function killedAt({ call, nth }: (typeof steps)[number]): Promise<string> {
  const begun = made(call);
  let hasEnded = false;
  const running = async () => {
    try {
      await world.cloud.invoke("sealer", {});
      return "ended";
    } catch {
      return "killed";
    } finally {
      hasEnded = true;
    }
  };
  const watching = async () => {
    while (!hasEnded && made(call) < begun + nth) await new Promise(setImmediate);
    if (!hasEnded) world.cloud.faults.crash("sealer");
  };
  const [how] = await Promise.all([running(), watching()]);
  return how;
}

/** What becomes of the log when whoever writes it is killed, doubled, or not told of a record. */
export function writerCases(): void {
  describe("the log's writer", () => {
    it("is killed after each of its steps, and then run twice at once: nothing is missing, repeated or out of place", async ({
      annotate,
    }) => {
      for (const step of steps) {
        await open();
        await world.cloud.flush();
        expect([step, await killedAt(step)]).toEqual([step, "killed"]);
        // whoever comes next finishes it, and begins the next kill with nothing left over
        await world.cloud.invoke("sealer", {});
      }
      await annotate(`killed after ${steps.map(({ what }) => what).join(", ")}`);
      await open();
      await world.cloud.flush();
      const both = await Promise.allSettled([world.cloud.invoke("sealer", {}), world.cloud.invoke("sealer", {})]);
      expect(both.map(({ status }) => status)).toContain("fulfilled");
      await world.cloud.invoke("sealer", {});
      const order = await sealed();
      expect(new Set(order).size).toBe(order.length);
      expect((await recorded()).filter((id) => !order.includes(id))).toEqual([]);
      const { code, out } = await lanyard(["audit", "verify", "--json"]);
      expect([code, JSON.parse(out).findings]).toEqual([0, []]);
      await annotate(`${order.length} entries, ${checkpoints(bucket()).length} checkpoints, verified`);
    });
  });

  describe("a record that the relay never noted", () => {
    const leaf = (id: string) => ({ TableName: world.cloud.outputs.LeavesTable, Key: { event: { S: id } } });

    it("is found by the reconciler, carried again by one order, and sealed as what it was", async () => {
      const before = new Set(await recorded());
      await open();
      await world.cloud.flush();
      const [lost = ""] = (await recorded()).filter((id) => !before.has(id));
      // as if the relay had been kept from it, ten minutes ago
      await world.cloud.dynamodb("DeleteItem", leaf(lost));
      await world.cloud.dynamodb("UpdateItem", {
        ...{ TableName: world.cloud.outputs.OutboxTable, Key: { eventId: { S: lost } } },
        UpdateExpression: "SET timeMillis = timeMillis - :hour",
        ExpressionAttributeValues: { ":hour": { N: "3600000" } },
      });
      await world.cloud.invoke("sealer", {});
      expect(await sealed()).not.toContain(lost);
      const findings = () =>
        world.cloud.queueMessages("Unsealed").flatMap((text) => {
          const { finding, subjects = [] } = JSON.parse(text) as { finding?: string; subjects?: string[] };
          return finding === "leaf.missing" ? subjects : [];
        });
      for (let run = 0; run < 3; run++) await world.cloud.invoke("reconciler", {});
      expect(findings()).toEqual([lost]);
      expect(await world.cloud.invoke("relay", { redrive: [lost], dryRun: true })).toMatchObject({ carried: [lost] });
      expect(await sealed()).not.toContain(lost);
      await world.cloud.invoke("relay", { redrive: [lost] });
      await world.cloud.flush();
      await world.cloud.invoke("sealer", {});
      expect(await sealed()).toContain(lost);
      // it came to the bucket twice, byte for byte: once for every reader
      const { code, out } = await lanyard(["audit", "verify", "--json"]);
      expect([code, JSON.parse(out).findings]).toEqual([0, []]);
      expect((await entries(bucket())).length).toBe(new Set(await sealed()).size);
    });
  });
}
