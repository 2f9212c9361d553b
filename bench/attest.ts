import { callerEvidenceKinds } from "./attest/callers.ts";
import { hardwareEvidenceKinds } from "./attest/hardware.ts";
import type { EvidenceKind } from "./attest/kind.ts";
import { tokenEvidenceKinds } from "./attest/tokens.ts";
import { bareName, bareVerification } from "./base.ts";
import { type Contestant, compare } from "./measure.ts";
import type { Bench, Pace, Row } from "./row.ts";

/**
 * CPU of proving a document, for every attestor: one at a time, keys and bundles at hand. Left out everywhere: the
 * caller's DPoP proof, the challenge, the write that consumes both, and the signature of the identity token.
 */
export const attestors: Bench = {
  name: "attest",
  async measure(pace: Pace): Promise<readonly Row[]> {
    const rows: Row[] = [];
    for (const kind of [...(await tokenEvidenceKinds()), ...callerEvidenceKinds(), ...(await hardwareEvidenceKinds())])
      rows.push(await rowOf(kind, pace));
    return rows;
  },
};

async function rowOf({ type, without, prove }: EvidenceKind, pace: Pace): Promise<Row> {
  const proving: Contestant = {
    async run() {
      if (!(await prove()).ok) throw new Error(`a measured document of type ${type} was refused`);
    },
  };
  const { it } = await compare({ bare: await bareVerification(), it: proving }, pace);
  return {
    section: "attest",
    name: without === undefined ? type : `${type} (without ${without})`,
    value: it.cpuMicros / 1000,
    unit: "ms",
    ratio: { of: bareName.ES256, value: it.times("bare") },
  };
}
