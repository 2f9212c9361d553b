import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { awsEc2Certificates } from "../../../core/attest/formats/instance-identity/certificates.ts";
import { readCertificate } from "../../../core/attest/formats/x509.ts";
import { folderWith, tried } from "../readers.ts";

const region = "us-west-2";
const der = Buffer.from(awsEc2Certificates.get(region) ?? "", "base64");
const read = readCertificate(der);
if (!read.ok) throw new Error(read.error);
const date = (seconds: number) => new Date(seconds * 1000).toISOString();
const entry = {
  family: "rsa2048",
  region,
  file: "one.pem",
  sha256: createHash("sha256").update(der).digest("hex"),
  notBefore: date(read.value.notBeforeSeconds),
  notAfter: date(read.value.notAfterSeconds),
};
const pem = `-----BEGIN CERTIFICATE-----\n${der.toString("base64")}\n-----END CERTIFICATE-----\n`;
const index = (...entries: readonly object[]) => folderWith({ "one.pem": pem, "index.json": entries });

describe("the index of AWS's certificates", () => {
  it("passes the one that is pinned for its Region", async () => {
    expect((await tried(index(entry))).trials).toMatchObject([{ outcome: "valid", reason: `pinned for ${region}` }]);
  });

  it.each([
    ["of another Region", { region: "us-east-1" }, /invalid: pinned for no Region/],
    ["of a family that binds no Region", { family: "rsa1024" }, /valid: pinned for us-west-2/],
    ["with another digest", { sha256: "00" }, /error: it is not the one/],
    ["with another end", { notAfter: "2030-01-01T00:00:00Z" }, /error: its time/],
    ["whose file is not there", { file: "two.pem" }, /error: two.pem cannot be read/],
    ["of no shape", { region: 7 }, /error: no case: region/],
  ])("fails one %s, alone", async (_what, change, why) => {
    expect((await tried(index(entry, { ...entry, ...change }))).why).toEqual([expect.stringMatching(why)]);
  });

  it("fails an index of anything else", async () => {
    expect((await tried(folderWith({ "index.json": [{ name: "x" }] }))).failed).toHaveLength(1);
  });
});
