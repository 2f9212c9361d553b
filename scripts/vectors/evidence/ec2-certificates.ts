import { createHash } from "node:crypto";
import { z } from "zod";
import { awsEc2Certificates } from "../../../core/attest/formats/instance-identity/certificates.ts";
import { readCertificate } from "../../../core/attest/formats/x509.ts";
import { type Evaluated, eachCase, topic, unreadable } from "../document.ts";
import type { VectorFolder } from "../folder.ts";

const entry = z.looseObject({
  family: z.string(),
  region: z.string().nullable(),
  file: z.string(),
  sha256: z.string(),
  notBefore: z.string(),
  notAfter: z.string(),
});

/** A certificate is trusted when it is the one that is pinned for its Region, and then read as the index says. */
function evaluate(folder: VectorFolder, { region, file, sha256, ...said }: z.infer<typeof entry>): Evaluated {
  const base64 = folder.text(file).replaceAll(/-----[^-]+-----|\s/g, "");
  const der = Buffer.from(base64, "base64");
  if (createHash("sha256").update(der).digest("hex") !== sha256) throw new Error("it is not the one of the index");
  const pinned = [...awsEc2Certificates].find(([, one]) => one === der.toString("base64"))?.[0];
  if (pinned === undefined || (region !== null && region !== pinned))
    return { outcome: "invalid", reason: "pinned for no Region that could show it" };
  const read = readCertificate(der);
  if (!read.ok) return { outcome: "invalid", reason: read.error };
  const { notBeforeSeconds, notAfterSeconds } = read.value;
  const valid = [notBeforeSeconds, notAfterSeconds].map((seconds) => seconds * 1000);
  if (String(valid) !== String([Date.parse(said.notBefore), Date.parse(said.notAfter)]))
    throw new Error("its time is read otherwise than the index says");
  return { outcome: "valid", reason: `pinned for ${pinned}` };
}

/** The certificates AWS signs instance documents with, each under its Region; only RSA-2048 binds that, and is pinned. */
export const instanceCertificates = topic(/^index\.json$/, z.array(z.unknown()), (entries, folder, file) =>
  entries.some((one) => entry.safeParse(one).success)
    ? eachCase(entries, { folder, file, shape: entry }, (one) => ({
        file: folder.label(file, one.file),
        said: one.family,
        expected: [one.family === "rsa2048" ? ("valid" as const) : ("invalid" as const)],
        evaluate: () => evaluate(folder, one),
      }))
    : [unreadable(folder.label(file), "is no manifest known here")],
);
