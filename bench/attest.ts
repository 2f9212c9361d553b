import { callerEvidenceKinds } from "./attest/callers.ts";
import { hardwareEvidenceKinds } from "./attest/hardware.ts";
import type { EvidenceKind } from "./attest/kind.ts";
import { tokenEvidenceKinds } from "./attest/tokens.ts";
import { bareVerify } from "./issue.ts";
import { measure, type Row } from "./measure.ts";

/**
 * Documents proved a second, for every attestor: one at a time, keys and bundles at hand. Left out everywhere: the
 * caller's DPoP proof, the challenge, the write that burns both, and the signature of the identity token.
 */
export async function benchAttest(): Promise<Row[]> {
  const floorMicros = await bareVerify();
  const rows: Row[] = [];
  for (const kind of [...(await tokenEvidenceKinds()), ...callerEvidenceKinds(), ...(await hardwareEvidenceKinds())])
    rows.push(...(await rowsOf(kind, floorMicros)));
  return rows;
}

async function rowsOf({ type, without, runs, prove }: EvidenceKind, floorMicros: number): Promise<Row[]> {
  const { cpuMicros, perSecond } = await measure(runs, async () => {
    if (!(await prove()).ok) throw new Error(`a measured document of type ${type} was refused`);
  });
  const name = without === undefined ? type : `${type} (without ${without})`;
  const ratio = { of: "one bare ES256 verification", value: cpuMicros / floorMicros };
  return [
    { section: "attest", name: `${name}: documents`, value: perSecond, unit: "a second" },
    { section: "attest", name: `${name}: CPU`, value: cpuMicros / 1000, unit: "ms", ratio },
  ];
}
