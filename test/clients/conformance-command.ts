import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { openEmbedded } from "../../conformance/embedded.ts";

/** What the embedded run tells an outside program. */
type Endpoints = Awaited<ReturnType<typeof openEmbedded>>["world"]["endpoints"];

const main = join(import.meta.dirname, "../../conformance/main.ts");
const at = (name: string, ...scopes: readonly string[]) => ({ uri: `https://${name}.conformance.example`, scopes });
const parts = ["worker", "server", "opener", "helper", "stranger"];

/** Settings by which the running cloud is examined as any deployment is: nothing but what the file says is known. */
function settingsOf({ agents, admin, aws, signIn }: Endpoints) {
  const { region, endpoint } = aws;
  const played = (part: string) => {
    const agent = agents[`conformance/${part}`]?.id;
    return { agent, evidence: "aws-sts-web-identity", region, endpoint, profile: part };
  };
  return {
    agents: Object.fromEntries(parts.map((part) => [part, played(part)])),
    own: at("desk", "work:read", "work:write"),
    other: at("shelf", "shelf:read"),
    lent: at("tickets", "tickets:read", "tickets:write"),
    onward: at("archive", "archive:read"),
    person: [
      process.execPath,
      "--eval",
      "fetch(process.argv[1]).then((a) => a.text()).then(console.log)",
      `${signIn}?agent=planner`,
    ],
    operator: { adminUrl: admin, region, profile: "operator" },
  };
}

/** The shared credentials file, a profile a part. */
const profilesOf = ({ agents, operator }: Endpoints): string =>
  [
    ...parts.map((part) => [part, agents[`conformance/${part}`]?.credentials] as const),
    ["operator", operator.credentials],
  ]
    .map(([name, credentials]) => {
      const { accessKeyId, secretAccessKey, sessionToken } = credentials as Endpoints["operator"]["credentials"];
      const lines = [`[${name}]`, `aws_access_key_id=${accessKeyId}`, `aws_secret_access_key=${secretAccessKey}`];
      return [...lines, `aws_session_token=${sessionToken}`].join("\n");
    })
    .join("\n");

/** `npm run conformance -- --issuer … --settings …`, as a program of its own. */
export function conformanceCommand(endpoints: () => Endpoints): void {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-conformance-settings-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const [settings, profiles] = [join(folder, "settings.json"), join(folder, "credentials")];
  const run = (...args: readonly string[]) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const env = { ...process.env, AWS_SHARED_CREDENTIALS_FILE: profiles, AWS_CONFIG_FILE: "/dev/null" };
      const child = execFile(process.execPath, [main, ...args], { env, maxBuffer: 1e7 }, (_, out, err) =>
        resolve({ code: child.exitCode ?? 1, out, err }),
      );
    });
  const examined = (...only: readonly string[]) => {
    writeFileSync(settings, JSON.stringify(settingsOf(endpoints())));
    writeFileSync(profiles, profilesOf(endpoints()), { mode: 0o600 });
    return run("--issuer", endpoints().issuer, "--settings", settings, ...only.flatMap((name) => ["--only", name]));
  };

  describe("npm run conformance -- --issuer", () => {
    it("examines an issuer by what the settings say, and counts what they do not say apart", async () => {
      const { code, out, err } = await examined("Lanyard authority", "RFC 9396");
      const lines = out.trim().split("\n");
      expect(
        lines.filter((line) => line.startsWith("FAIL")),
        err,
      ).toEqual([]);
      const skipped = lines.filter((line) => line.startsWith("skip"));
      expect(skipped.length).toBeGreaterThan(5);
      for (const line of skipped) expect(line).toMatch(/\(the settings name no (details|foreignPerson)\)$/);
      const passed = lines.filter((line) => line.startsWith("ok   Lanyard authority")).length;
      expect(passed).toBeGreaterThan(15);
      expect(lines.slice(-2)).toEqual([`${skipped.length} skipped`, `${passed} passed, 0 failed`]);
      expect(code).toBe(0);
    });

    it("is told apart from a run that saw nothing, and from a wrong command", async () => {
      const nothing = await examined("CAEP");
      expect([nothing.code, nothing.out.trim().split("\n").slice(-2)]).toEqual([
        1,
        [expect.stringMatching(/^\d+ skipped$/), "0 passed, 0 failed"],
      ]);
      for (const wrong of [
        ["--issuer", "https://issuer.example"],
        ["--issuer", "http://issuer.example", "--settings", settings],
        ["--only", "RFC 0000"],
        ["--issuer", "https://issuer.example", "--settings", profiles],
        ["--unheard-of"],
      ])
        expect((await run(...wrong)).code, wrong.join(" ")).toBe(2);
    });
  });
}
