import type { AgentSession } from "../../../client/index.ts";
import { archiveBucket, archived } from "../team.ts";
import { tickets } from "./desk.ts";
import type { Scene } from "./scene.ts";
import { Misbehaved } from "./step.ts";
import { findLine, type TrailRecord } from "./trail.ts";

/** Where to look for the read in both trails. */
export interface Traced {
  readonly sid: string;
  /** The line of CloudTrail. */
  readonly eventId: string;
}

/** The researcher reads a file under AWS credentials of its session, and CloudTrail says whose read that was. */
export async function archive(scene: Scene, child: AgentSession): Promise<Traced> {
  const requestId = await read(scene, child);
  return find(scene, { child, requestId });
}

const read = ({ teller, world }: Scene, child: AgentSession) =>
  teller.step("the researcher reads the ticket's file in S3", async () => {
    const { GetObjectCommand, S3Client } = await import("@aws-sdk/client-s3");
    const given = await child.awsCredentials({ resource: tickets, scopes: ["tickets:read"] });
    const s3 = new S3Client({ ...world.endpoints.aws, credentials: given, forcePathStyle: true, maxAttempts: 1 });
    const get = (Key: string) => s3.send(new GetObjectCommand({ Bucket: archiveBucket, Key }));
    const answer = await get(archived["C-7"]);
    await answer.Body?.transformToString();
    const refused = await get(archived["C-9"]).then(
      () => "nothing",
      ({ name }: Error) => name,
    );
    s3.destroy();
    if (refused !== "AccessDenied") throw new Misbehaved(`the file of another customer was answered with ${refused}`);
    const lifeSeconds = Math.round((given.expiration.getTime() - Date.now()) / 1000);
    return {
      says: `under AWS credentials that were made for its session and end in ${lifeSeconds} s; the file of another customer is refused by AWS itself`,
      facts: { bucket: archiveBucket, key: archived["C-7"], lifeSeconds, refused },
      value: answer.$metadata.requestId ?? "",
    };
  });

const find = ({ teller, world }: Scene, { child, requestId }: { child: AgentSession; requestId: string }) =>
  teller.step("CloudTrail names the session that read it", async () => {
    world.cloud.trail?.flush();
    const line = findLine(world.endpoints.trailFolder, requestId);
    const sourceIdentity = sourceIdentityOf(line);
    if (sourceIdentity !== `lyd.${child.root}.${child.sid}`)
      throw new Misbehaved(`CloudTrail's line of the read names ${sourceIdentity}`);
    return {
      says: `its line of the read says sourceIdentity ${sourceIdentity}; which access key AWS gave to which session, Lanyard's own records say`,
      facts: { eventId: line?.eventID, sid: child.sid, sourceIdentity },
      value: { sid: child.sid, eventId: line?.eventID ?? "" },
    };
  });

const sourceIdentityOf = (line: TrailRecord | undefined): string =>
  line?.userIdentity?.sessionContext?.sourceIdentity ?? "nobody";
