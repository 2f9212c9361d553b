import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { z } from "zod";
import { Usage } from "./outcome.ts";

/** Which deployment a command talks to, as its options say. */
export interface ProfileOptions {
  /** `local` or `aws`; by default local where the local run has left its file, else aws. */
  readonly profile?: string;
  /** File of `cdk deploy --outputs-file`, for aws. */
  readonly outputs?: string;
}

/** A deployment and the operator's way into it. */
export interface Profile {
  readonly name: "local" | "aws";
  readonly issuer: string;
  readonly trustDomain: string;
  readonly admin: string;
  /** URL of the function that writes the registry. */
  readonly adminWrite: string;
  /** URL of the function that operators look through. */
  readonly adminRead: string;
  /** Where the audit is: a folder as the local run keeps it, or a bucket; absent where neither is named. */
  readonly audit?: { readonly folder: string } | { readonly bucket: string };
  /** URL of the function that takes orders to rotate keys; absent where only older names are known. */
  readonly adminRotate?: string;
  /** Values of `${...}` known without being told. */
  readonly variables: Readonly<Record<string, string>>;
  /** Carries Region and credentials; also asked for them to sign calls. */
  readonly dynamo: DynamoDBClient;
}

/** Where the local run leaves what it is. */
export const localFile = ".lanyard/endpoints.json";

const credentials = z.object({ accessKeyId: z.string(), secretAccessKey: z.string(), sessionToken: z.string() });
const endpoints = z.object({
  issuer: z.string(),
  admin: z.string(),
  adminWrite: z.string(),
  adminRead: z.string(),
  auditFolder: z.string().optional(),
  adminRotate: z.string().optional(),
  aws: z.object({ endpoint: z.string(), region: z.string() }),
  operator: z.object({ credentials }),
  deployment: z.object({ trustDomain: z.string(), variables: z.record(z.string(), z.string()) }),
});

/**
 * Finds the deployment: `.lanyard/endpoints.json` of the local run, or AWS by the usual credential chain with the names
 * from the environment or from the file that `cdk deploy --outputs-file` writes.
 * @param env the process's environment
 * @param folder where to look for the local run's file
 * @throws Usage saying what is missing
 */
export async function loadProfile(
  options: ProfileOptions,
  env: Readonly<Record<string, string | undefined>>,
  folder: string,
): Promise<Profile> {
  const elsewhere = options.profile === "aws" || options.outputs !== undefined;
  const local = elsewhere ? undefined : await readIfThere(join(folder, localFile));
  if (local !== undefined) return localProfile(local);
  if (options.profile === "local") throw new Usage(`there is no ${localFile}: start the local run with npm start`);
  return awsProfile(options, env);
}

const readIfThere = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
};

const json = (text: string, file: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new Usage(`${file} is not JSON`);
  }
};

const localProfile = (text: string): Profile => {
  const parsed = endpoints.safeParse(json(text, localFile));
  if (!parsed.success) throw new Usage(`${localFile} is of another version of this project: start the local run again`);
  const { issuer, admin, adminWrite, adminRead, adminRotate, auditFolder, aws, operator, deployment } = parsed.data;
  const client = { endpoint: aws.endpoint, region: aws.region, credentials: operator.credentials };
  const { trustDomain, variables } = deployment;
  const more = {
    ...(adminRotate === undefined ? {} : { adminRotate }),
    ...(auditFolder === undefined ? {} : { audit: { folder: auditFolder } }),
  };
  return profileOf({ name: "local", issuer, admin, adminRead, adminWrite, ...more, trustDomain, variables }, client);
};

/** Environment variable and stack output of each name a deployment on AWS is known by. */
const names = {
  issuer: ["LANYARD_ISSUER", "IssuerUrl"],
  trustDomain: ["LANYARD_TRUST_DOMAIN", "TrustDomain"],
  admin: ["LANYARD_ADMIN_URL", "AdminRevokeUrl"],
  adminWrite: ["LANYARD_ADMIN_WRITE_URL", "AdminWriteUrl"],
  adminRead: ["LANYARD_ADMIN_READ_URL", "AdminReadUrl"],
} as const;

const awsProfile = async (
  options: ProfileOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Profile> => {
  const outputs = options.outputs === undefined ? {} : await readOutputs(options.outputs);
  const missing: string[] = [];
  const value = (name: keyof typeof names): string => {
    const [variable, output] = names[name];
    const found = env[variable] ?? outputs[output];
    if (!found) missing.push(variable);
    // a function's URL comes with a last slash, an issuer is written without
    return name === "issuer" ? (found ?? "").replace(/\/$/, "") : (found ?? "");
  };
  const known = {
    issuer: value("issuer"),
    trustDomain: value("trustDomain"),
    admin: value("admin"),
    adminWrite: value("adminWrite"),
    adminRead: value("adminRead"),
  };
  if (missing.length > 0)
    throw new Usage(
      `which deployment? there is no ${localFile} here, and for AWS these are not set: ${missing.join(", ")}. ` +
        "Set them, or give --outputs <file> as written by cdk deploy --outputs-file <file>",
    );
  const adminRotate = env.LANYARD_ADMIN_ROTATE_URL ?? outputs.AdminRotateUrl;
  const bucket = env.LANYARD_AUDIT_BUCKET ?? outputs.AuditBucketName;
  const more = {
    ...(adminRotate ? { adminRotate } : {}),
    ...(bucket ? { audit: { bucket } } : {}),
  };
  return profileOf({ name: "aws", ...known, ...more, variables: {} }, {});
};

const readOutputs = async (file: string): Promise<Readonly<Record<string, string>>> => {
  const text = await readIfThere(file);
  if (text === undefined) throw new Usage(`there is no file ${file}`);
  const parsed = z.record(z.string(), z.record(z.string(), z.string())).safeParse(json(text, file));
  if (!parsed.success) throw new Usage(`${file} is not what cdk deploy --outputs-file writes`);
  return Object.assign({}, ...Object.values(parsed.data));
};

/** Where and as whom the SDK calls; on AWS nothing, so that its usual chain decides. */
interface ClientPlace {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: z.infer<typeof credentials>;
}

const profileOf = (known: Omit<Profile, "dynamo">, client: ClientPlace): Profile => ({
  ...known,
  dynamo: new DynamoDBClient(client),
});
