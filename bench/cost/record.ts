import { packBody, unpackBody } from "../../lambdas/aws/dynamodb/record-body.ts";
import { bareName, bareVerification } from "../base.ts";
import { compare } from "../measure.ts";
import type { Bench, Pace, Row } from "../row.ts";
import { openCounted } from "./deployment.ts";
import { openSession } from "./session.ts";

const section = "cost";

/** What packing an audit record saves in its row, and the CPU time it takes: once where it is written, once in the relay. */
export const recordCost: Bench = {
  name: "cost/record",
  quick: true,
  async measure(pace: Pace): Promise<readonly Row[]> {
    const body = await usualRecord();
    const packed = packBody(body);
    const taken = await compare(
      {
        bare: await bareVerification(),
        packing: { run: () => packBody(body) },
        unpacking: { run: () => unpackBody(packed) },
      },
      pace,
    );
    const time = (name: string, of: keyof typeof taken): Row => ({
      section,
      name,
      value: taken[of].cpuMicros / 1000,
      unit: "ms",
      ratio: { of: bareName.ES256, value: taken[of].times("bare") },
    });
    return [
      { section, name: "an audit record of a session", value: Buffer.byteLength(body), unit: "bytes" },
      { section, name: "the same, packed in its row", value: packed.length, unit: "bytes" },
      time("packing it", "packing"),
      time("unpacking it, in the relay", "unpacking"),
    ];
  },
};

async function usualRecord(): Promise<string> {
  const counted = await openCounted();
  try {
    await openSession(counted);
    const [body = ""] = counted.tally.records;
    return body;
  } finally {
    await counted.close();
  }
}
