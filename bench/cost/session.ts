import { idTokenType } from "../../core/model/wire.ts";
import { tickets } from "../../test/kit/registry.ts";
import type { Bench, Row } from "../row.ts";
import { type Counted, openCounted } from "./deployment.ts";
import { billOf, type Line } from "./lines.ts";
import type { Tally } from "./tally.ts";

const section = "cost";
const million = 1e6;
/** A bill's sum a million sessions, in dollars. */
const mostDollars = 15;
/** Firehose charges a record by whole pieces of 5 kB. */
const deliveryPieceBytes = 5_120;

/**
 * What is not counted but taken for granted of one request to `token`: what it waits for AWS, what it logs, and what
 * becomes of the record on its way (relay and Firehose take many at once).
 */
const assumed = { waitMillis: 60, memoryGigabytes: 0.5, loggedBytes: 600, relayedAtOnce: 25 } as const;

/** AWS calls, round trips and dollars of one session opened for a person and answered with its access token. */
export const sessionCost: Bench = {
  name: "cost/session",
  quick: true,
  async measure(): Promise<readonly Row[]> {
    const counted = await openCounted();
    try {
      await openSession(counted);
      // the first request leases status indices, looks whether their list is signed and loads keys; the usual one does not
      counted.tally.clear();
      await openSession(counted);
      const { tally } = counted;
      const row = (name: string, value: number, unit: string, goal?: number): Row => ({
        section,
        name,
        value,
        unit,
        ...(goal === undefined ? {} : { goal }),
      });
      return [
        row("a session for a person: round trips", tally.roundTrips, "", 3),
        row("a session for a person: AWS calls", tally.calls.length, ""),
        row("a session for a person: write units", tally.writeUnits, ""),
        row("a session for a person: read units", tally.readUnits, ""),
        ...billOf("a million sessions, an access token each", linesOf(tally), mostDollars),
      ];
    } finally {
      await counted.close();
    }
  },
};

/** One session for a person, as it is usually opened. */
export const openSession = async ({ world, ask, exchange }: Counted): Promise<unknown> =>
  ask(world.planner, {
    ...exchange,
    subject_token: world.idToken("planner-app"),
    subject_token_type: idTokenType,
    resource: tickets,
    scope: "tickets:read",
  });

/**
 * What a million pieces of work cost that each did what was tallied.
 * @param requests that one piece of work takes; one record is written for each that decides something
 */
export function linesOf(tally: Tally, requests = 1): readonly Line[] {
  const { signatures, writeUnits, readUnits, records } = tally;
  const { waitMillis, memoryGigabytes, loggedBytes, relayedAtOnce } = assumed;
  const pieces = records.reduce((sum, body) => sum + Math.ceil(Buffer.byteLength(body) / deliveryPieceBytes), 0);
  return [
    { what: "signatures by RSA-2048", count: signatures.RS256 * million, price: "signRsa2048" },
    { what: "signatures by P-256", count: signatures.ES256 * million, price: "signEcc" },
    { what: "DynamoDB, written", count: writeUnits * million, price: "writeUnit" },
    { what: "DynamoDB, read", count: readUnits * million, price: "readUnit" },
    { what: "the audit record's event", count: records.length * million, price: "event" },
    { what: "its delivery", count: (pieces * deliveryPieceBytes * million) / 1e9, price: "deliveredGigabyte" },
    {
      what: "invocations (assumed)",
      count: (requests + records.length / relayedAtOnce) * million,
      price: "invocation",
    },
    {
      what: "Lambda's time (assumed)",
      count: requests * (waitMillis / 1000) * memoryGigabytes * million,
      price: "gigabyteSecondArm",
    },
    { what: "logs (assumed)", count: (requests * loggedBytes * million) / 1e9, price: "loggedGigabyte" },
  ];
}

/** Round trips of redeeming an offer; three, as of every other way to a session. */
export const redeemingTrips: Bench = {
  name: "issue/redeem",
  quick: true,
  async measure(): Promise<readonly Row[]> {
    const counted = await openCounted();
    try {
      const { world, tally, ask, exchange } = counted;
      const redeem = async (): Promise<void> => {
        const grants = { resource: tickets, scope: "tickets:read" };
        const opened = await ask(world.planner, {
          ...exchange,
          subject_token: world.idToken("planner-app"),
          subject_token_type: idTokenType,
          ...grants,
        });
        const offered = await ask(world.planner, {
          ...exchange,
          subject_token: String(opened.access_token),
          subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
          requested_token_type: "lanyard:token-type:offer",
          audience: world.researcher.id,
          ...grants,
        });
        tally.clear();
        await ask(world.researcher, {
          ...exchange,
          subject_token: String(offered.access_token),
          subject_token_type: "lanyard:token-type:offer",
        });
      };
      await redeem();
      await redeem();
      return [
        { section: "issue", name: "redeeming an offer: round trips", value: tally.roundTrips, unit: "", goal: 3 },
        { section: "issue", name: "redeeming an offer: AWS calls", value: tally.calls.length, unit: "" },
      ];
    } finally {
      await counted.close();
    }
  },
};
