import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../../bin/lanyard/program.ts";

const roles = "arn:aws:iam::111122223333:role/lanyard-dev-eu-west-1-";
const signed = (eventID: string, userAgent: string) => ({
  ...{ eventID, eventTime: "2026-11-30T10:00:00Z", eventSource: "kms.amazonaws.com", eventName: "Sign", userAgent },
  userIdentity: { type: "AssumedRole", sessionContext: { sessionIssuer: { arn: `${roles}token` } } },
});
const record = {
  ...{ time: Date.parse("2026-11-30T10:00:00Z"), metadata: { uid: "u1" } },
  unmapped: { lanyard: { operation: "session.open", outcome: "allowed", sid: "s1" } },
};
const url = (name: string) => `https://${name}.lambda-url.eu-west-1.on.aws/`;
const outputs = {
  "lanyard-dev-state": { SomeArn: "arn:aws:dynamodb:eu-west-1:111122223333:table/x", TrustDomain: "td" },
  "lanyard-dev-issuer": { IssuerUrl: url("i") },
  "lanyard-dev-service": { AdminRevokeUrl: url("r"), AdminWriteUrl: url("w"), AdminReadUrl: url("e") },
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "findings-"));
  for (const name of ["audit", "trail", "honest"]) mkdirSync(join(folder, name));
  const trail = (lines: readonly object[]) => gzipSync(JSON.stringify({ Records: lines }));
  writeFileSync(join(folder, "audit/a.gz"), gzipSync(JSON.stringify(record)));
  writeFileSync(join(folder, "honest/a.json.gz"), trail([signed("good", "x lanyard/s1")]));
  writeFileSync(
    join(folder, "trail/a.json.gz"),
    trail([signed("good", "x lanyard/s1"), signed("bad", "x lanyard/s2")]),
  );
  writeFileSync(join(folder, "outputs.json"), JSON.stringify(outputs));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function findings(trail: string, ...more: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const args = [
    "audit",
    "findings",
    "--outputs",
    join(folder, "outputs.json"),
    "--audit",
    "audit",
    "--trail",
    trail,
    ...more,
  ];
  const code = await run(args, { terminal: terminal as never, env: {}, folder });
  return { code, out: out.join("\n"), err: err.join("\n") };
}
const times = ["--since", "2026-11-30T09:00:00Z", "--until", "2026-11-30T11:00:00Z"];

test("threat 23: audit findings ends with 1 and names each signature that no audited session stands behind", async () => {
  const { code, out, err } = await findings("trail", ...times, "--json");
  expect(JSON.parse(out).findings).toEqual([
    expect.objectContaining({ code: "sign.unknown", eventid: "bad", why: "names no audited session", name: "s2" }),
  ]);
  expect([code, err]).toEqual([1, expect.stringContaining("signatures up to 2026-11-30T11:00:00Z")]);
});

test("audit findings ends with 0 where every signature is audited", async () => {
  expect((await findings("honest", ...times, "--json")).code).toBe(0);
});

test("audit findings asks about no signature of the last hour, which may not be recorded yet", async () => {
  const { code, err } = await findings("trail", "--until", new Date(Date.now() - 3_000_000).toISOString());
  expect([code, err]).toEqual([2, expect.stringContaining("less than an hour ago")]);
});
