import { randomBytes } from "node:crypto";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createRecorder } from "../../../core/audit/ocsf.ts";
import { ocsfVersions } from "../../../core/audit/record.ts";
import type { Clock, Ids } from "../../../core/model/ports.ts";
import { documentClient, type Tables } from "../../../lambdas/aws/dynamodb/dynamo.ts";
import { createRevocationStore } from "../../../lambdas/aws/dynamodb/revocations/revocation-store.ts";
import { createRevocationTargets } from "../../../lambdas/aws/dynamodb/revocations/revocation-targets.ts";
import { sessionsOf } from "../../../lambdas/aws/dynamodb/subjects/subject-reads.ts";
import type { KillPlace, Profile } from "../deployment/model.ts";
import { Refused } from "../terminal/outcome.ts";
import type { Taken } from "./role.ts";

const ids: Ids = {
  id: () => randomBytes(16).toString("base64url"),
  secret: () => randomBytes(32).toString("base64url"),
};

/** Patient where a function would not be: nobody else revokes meanwhile. */
const patience = { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true } as const;

/**
 * The tables under the role's credentials, by the functions' own adapters: what is written is what admin-revoke would
 * have written (decision 56).
 * @throws Refused where profile and tables do not fit together
 */
export async function openTables(profile: Profile, place: KillPlace, { credentials, behindMillis }: Taken) {
  const { region, stage, account = place.role.split(":")[4] ?? "", trustDomain } = profile;
  const ocsf = ocsfVersions.find((one) => one === place.ocsf);
  if (ocsf === undefined) throw new Refused(`this command writes no records of OCSF ${place.ocsf}: take a newer one`);
  if (region === undefined || stage === undefined)
    throw new Refused("the profile names no Region or no stage: lanyard login again, or give --outputs <file>");
  const client = new DynamoDBClient({ region, credentials, maxAttempts: 6, requestHandler: patience });
  const dynamo = documentClient(client);
  // the role has rights on four tables, and no order that it carries out touches another
  const tables = { ...place } as Partial<Tables> as Tables;
  const clock: Clock = { nowMillis: () => Date.now() + behindMillis, steadyMillis: () => performance.now() };
  const targets = createRevocationTargets(dynamo, tables, trustDomain);
  return {
    deps: {
      clock,
      ids,
      toRecord: createRecorder({ ocsf, deployment: { account, region, stage, trustDomain } }, ids),
      revocations: createRevocationStore(dynamo, tables),
      targets,
    },
    /** Sessions that a subject has now, counted up to a bound. */
    async living(subject: string, most: number): Promise<number> {
      let count = 0;
      const nowSeconds = Math.floor(clock.nowMillis() / 1000);
      for await (const _ of sessionsOf(dynamo, tables, { subject, nowSeconds })) if (++count >= most) break;
      return count;
    },
    close: () => client.destroy(),
  };
}
