import { connect } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import { Refused, Usage } from "../terminal/outcome.ts";
import { profileOf } from "./client.ts";
import { parseJson, readIfThere } from "./files.ts";
import type { Profile } from "./model.ts";

/** The file in which the local run writes its addresses. */
export const localFile = ".lanyard/endpoints.json";

/** The local run's file exists, but the run has ended. */
export class StaleLocalRun extends Refused {}

const credentials = z.object({ accessKeyId: z.string(), secretAccessKey: z.string(), sessionToken: z.string() });
const endpoints = z.object({
  /** Process of the run; absent from files that a test wrote. */
  pid: z.number().int().positive().optional(),
  issuer: z.string(),
  admin: z.string(),
  adminWrite: z.string(),
  adminRead: z.string(),
  auditFolder: z.string().optional(),
  trailFolder: z.string().optional(),
  logKey: z.string().optional(),
  adminRotate: z.string().optional(),
  approve: z.string().optional(),
  aws: z.object({ endpoint: z.string(), region: z.string() }),
  operator: z.object({ credentials }),
  deployment: z.object({ trustDomain: z.string(), variables: z.record(z.string(), z.string()) }),
});

/** Whether the local run's file is in a folder. */
export const findLocalRun = async (folder: string): Promise<boolean> =>
  (await readIfThere(join(folder, localFile))) !== undefined;

/**
 * The local run, by its file.
 * @throws Usage where the file does not exist or is of another version, StaleLocalRun where the run has ended
 */
export async function localProfile(folder: string): Promise<Profile> {
  const text = await readIfThere(join(folder, localFile));
  if (text === undefined) throw new Usage(`there is no ${localFile} here: start the local run with npm start`);
  const parsed = endpoints.safeParse(parseJson(text, localFile));
  if (!parsed.success) throw new Usage(`${localFile} is of another version of this project: start the local run again`);
  const { issuer, admin, adminWrite, adminRead, adminRotate, auditFolder, trailFolder, logKey, aws, operator } =
    parsed.data;
  const { deployment } = parsed.data;
  await mustLive(parsed.data.pid, issuer);
  const { trustDomain, variables } = deployment;
  const known = {
    name: "local",
    kind: "local",
    from: `the local run, ${localFile}`,
    stage: "local",
    ...(variables.account === undefined ? {} : { account: variables.account }),
    issuer,
    admin,
    adminRead,
    adminWrite,
    trustDomain,
    variables,
    ...(adminRotate === undefined ? {} : { adminRotate }),
    ...(parsed.data.approve === undefined ? {} : { approve: parsed.data.approve }),
    ...(trailFolder === undefined ? {} : { trailFolder }),
    ...(logKey === undefined ? {} : { logKey }),
    ...(auditFolder === undefined ? {} : { audit: { folder: auditFolder } }),
  } as const;
  return profileOf(known, { endpoint: aws.endpoint, region: aws.region, credentials: operator.credentials });
}

/** An agent of the local run, with the credentials that the run lends to whoever plays it. */
interface LocalAgent {
  readonly issuer: string;
  /** Its SPIFFE ID. */
  readonly id: string;
  readonly credentials: z.infer<typeof credentials>;
  readonly aws: { readonly endpoint: string; readonly region: string };
}

const agents = z.object({ agents: z.record(z.string(), z.object({ id: z.string(), credentials })) });

/**
 * An agent of the local run in a folder, by its name or SPIFFE ID; undefined where no run has its file there.
 * @throws Usage for an agent that the run does not know, StaleLocalRun where the run has ended
 */
export async function localAgent(folder: string, agent: string): Promise<LocalAgent | undefined> {
  const text = await readIfThere(join(folder, localFile));
  if (text === undefined) return undefined;
  const parsed = endpoints.extend(agents.shape).safeParse(parseJson(text, localFile));
  if (!parsed.success) throw new Usage(`${localFile} is of another version of this project: start the local run again`);
  const { issuer, aws, pid } = parsed.data;
  await mustLive(pid, issuer);
  const found = Object.entries(parsed.data.agents).find(([name, { id }]) => name === agent || id === agent);
  if (!found) throw new Usage(`the local run has no agent ${agent}: ${Object.keys(parsed.data.agents).join(", ")}`);
  return { issuer, aws, ...found[1] };
}

/**
 * Checks that the run's process exists and listens: after a run was killed, another program may use the port that its
 * file names.
 */
async function mustLive(pid: number | undefined, issuer: string): Promise<void> {
  const gone = pid !== undefined && !isRunning(pid) ? `its process ${pid} is gone` : undefined;
  const why = gone ?? ((await listens(new URL(issuer))) ? undefined : `nothing listens at ${issuer}`);
  if (why === undefined) return;
  throw new StaleLocalRun(
    `${localFile} was left behind by a local run that is over (${why}): start it again with npm start, or delete the file`,
    { code: "local_run_stale" },
  );
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // EPERM means that a process exists but belongs to another user
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}

const listens = ({ hostname, port }: URL): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) });
    const end = (found: boolean) => {
      socket.destroy();
      resolve(found);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
