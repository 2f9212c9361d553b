import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect } from "vitest";
import { assembly, lanyard, world } from "./ground.ts";

interface Recorded {
  readonly metadata: { readonly uid: string };
  readonly status: string;
  readonly actor: { readonly user: { readonly name: string; readonly uid: string } };
  readonly unmapped: { readonly lanyard: { readonly request_id: string } };
}
/** What is in the trail. */
export const trail = async (): Promise<readonly Recorded[]> =>
  (await lanyard("audit", "tail", "--json", "--since", "1h")).out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

interface TrailLine {
  readonly errorCode?: string;
  readonly requestID?: string;
}

/** Every line of CloudTrail, from its bucket's folder. */
export const allLines = (of: string): readonly TrailLine[] =>
  readdirSync(of, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json.gz"))
    .flatMap((name) => JSON.parse(gunzipSync(readFileSync(join(of, name))).toString()).Records as TrailLine[]);

/** The rule as the template has it, its role's ARN filled in. */
export function killRule(): unknown {
  const file = readdirSync(assembly, { recursive: true, encoding: "utf8" }).find((name) =>
    /audit.*\.template\.json$/i.test(name),
  );
  const { Resources } = JSON.parse(readFileSync(join(assembly, file ?? ""), "utf8")) as {
    Resources: Record<
      string,
      { readonly Properties: { readonly EventPattern?: { detail: object }; readonly State?: string } }
    >;
  };
  const [, rule] = Object.entries(Resources).find(([id]) => id.startsWith("KillWatchRule")) ?? [];
  // or it would never receive AssumeRole, which changes nothing
  expect(rule?.Properties.State).toBe("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS");
  const role = world.cloud.outputs.OperatorKillRole;
  const { detail, ...pattern } = rule?.Properties.EventPattern ?? { detail: {} };
  return { ...pattern, detail: { ...detail, requestParameters: { roleArn: [role] } } };
}
