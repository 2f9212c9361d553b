import type { Registration } from "../../core/model/registry.ts";
import { idTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { tickets } from "../../test/kit/registry.ts";
import type { Bench, Row } from "../row.ts";
import { type Counted, openCounted } from "./deployment.ts";
import { billOf } from "./lines.ts";
import { linesOf } from "./session.ts";

/** A role that stands for the tickets: files in a bucket. */
export const ticketFiles: Registration = {
  ...{ kind: "aws-role", name: "ticket-files", arn: "arn:aws:iam::111122223333:role/lanyard/target/ticket-files" },
  ...{ agents: ["planner"], resource: tickets },
  grants: [
    {
      ...{ scope: "tickets:read", service: "s3", actions: ["s3:GetObject"], details: [], kmsKeys: [] },
      where: { bucket: "tickets", prefix: "cases/" },
    },
  ],
};

/** AWS calls, round trips and dollars of AWS credentials for a session; STS itself charges nothing. */
export const vendCost: Bench = {
  name: "cost/vend",
  quick: true,
  async measure(): Promise<readonly Row[]> {
    const counted = await openCounted([ticketFiles]);
    try {
      const session = await openRenewable(counted);
      const vend = () =>
        counted.ask(
          counted.world.planner,
          { subject_token: session, subject_token_type: sessionTokenType, resource: tickets, scope: "tickets:read" },
          "credentials",
        );
      // the first request loads keys and the compiler; the usual one does not
      await vend();
      counted.tally.clear();
      await vend();
      const { tally } = counted;
      const row = (name: string, value: number, goal?: number): Row => ({
        ...{ section: "cost", name: `AWS credentials for a session: ${name}`, value, unit: "" },
        ...(goal === undefined ? {} : { goal }),
      });
      return [
        row("round trips", tally.roundTrips, 6),
        row("AWS calls", tally.calls.length),
        row("calls to STS", tally.calls.filter((call) => call.startsWith("sts:")).length, 2),
        row("write units", tally.writeUnits),
        row("read units", tally.readUnits),
        ...billOf("a million vends of AWS credentials", linesOf(tally)),
      ];
    } finally {
      await counted.close();
    }
  },
};

async function openRenewable({ world, ask, exchange }: Counted): Promise<string> {
  const opened = await ask(world.planner, {
    ...exchange,
    subject_token: world.idToken("planner-app"),
    subject_token_type: idTokenType,
    requested_token_type: sessionTokenType,
    resource: tickets,
    scope: "tickets:read",
  });
  return String(opened.access_token);
}
