import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { lineageOf } from "../../../core/aws/lineage.ts";

/** A team's account, Lanyard's beside it, and one session's names. */

export const team = "444455556666";
export const lanyard = {
  account: "111122223333",
  region: "eu-west-1",
  stage: "prod",
  trustDomain: "agents.example.com",
};
export const credentialsRole = `arn:aws:iam::${lanyard.account}:role/lanyard-prod-eu-west-1-credentials`;
export const lineage = lineageOf({
  root: "R".repeat(22),
  sid: "S".repeat(22),
  actors: ["spiffe://agents.example.com/agent/planner"],
  principal: { id: `p_${"a".repeat(32)}`, kind: "person" },
});
/** CDK is typed otherwise than the rest, so that its app runs as one. */
const app = fileURLToPath(new URL("../../stack/targets/team-app.ts", import.meta.url));

const sessionArn = `arn:aws:sts::${team}:assumed-role/Files/${lineage.roleSessionName}`;

/** Runs the team's CDK app, as `cdk synth` does; its bucket's policy names the session, as a careless owner may. */
export function synthesize(folder: string, more: object = {}): void {
  const asked = JSON.stringify({ outdir: folder, account: team, lanyard, sessionArn, ...more });
  const env = { ...process.env, CDK_VALIDATION: "false" };
  execFileSync(process.execPath, [app, asked], { env, stdio: ["ignore", "ignore", "inherit"] });
}
