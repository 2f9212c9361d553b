import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import type { Registration } from "../../../core/model/registry.ts";
import type { RegistryProblem } from "../../../core/model/registry-document.ts";
import { type Applied, appliedSchema } from "../../../core/registry/applied.ts";
import { validateRegistry } from "../../../core/registry/validate.ts";
import { registryWarnings } from "../../../core/registry/warnings.ts";
import { callSigned, type Signing } from "../deployment/call.ts";
import { Refused } from "../terminal/outcome.ts";
import { readRegistryFolder } from "./folder.ts";

/** What applying a folder needs. */
export interface ApplyInput extends Signing {
  readonly directory: string;
  /** Values of `${...}` in the files. */
  readonly variables: Readonly<Record<string, string>>;
  readonly trustDomain: string;
  readonly issuer: string;
  /** URL of the function that writes the registry. */
  readonly adminWrite: string;
}

/** What an apply would change, and the registrations it would make the registry. */
export interface RegistryPlan extends Applied {
  readonly rows: readonly Registration[];
  /** What it allows and may not be meant, a sentence each. */
  readonly warnings: readonly string[];
}

/** The folder is not a valid registry: nothing was written. */
export class RegistryInvalid extends Error {
  override readonly name = "RegistryInvalid";
  readonly problems: readonly RegistryProblem[];
  constructor(problems: readonly RegistryProblem[]) {
    super(problems.map((p) => `${p.file}:${p.line}: ${p.path === "" ? "" : `${p.path}: `}${p.message}`).join("\n"));
    this.problems = problems;
  }
}

/** Somebody else applied after the plan was made, so nothing was changed. */
export class RegistryStale extends Error {
  override readonly name = "RegistryStale";
  constructor(base: number) {
    super(`the registry is no longer at version ${base}: somebody else applied meanwhile; look at the plan again`);
  }
}

/**
 * Reads and validates the folder, and asks the deployment what it would change. Writes nothing.
 * @throws RegistryInvalid with every problem, file and line; Refused when the deployment says no
 */
export async function planRegistry(input: ApplyInput): Promise<RegistryPlan> {
  const documents = await readRegistryFolder(input.directory, input.variables);
  if (!documents.ok) throw new RegistryInvalid(documents.error);
  const { issuer, trustDomain } = input;
  // validated here too, since only here files and lines are known
  const rows = validateRegistry(documents.value, { issuer, trustDomain, cedar });
  if (!rows.ok) throw new RegistryInvalid(rows.error);
  const body = { registrations: rows.value, dryRun: true };
  const planned = await changeRegistry(input, { method: "PUT", path: "registry", body });
  return { ...planned, rows: rows.value, warnings: registryWarnings(rows.value, planned.difference, cedar) };
}

/**
 * Carries out a plan as one new version, live at every instance's next request. Idempotent.
 * @throws RegistryStale when another apply came first
 */
export async function applyPlan(input: ApplyInput, { base, rows }: RegistryPlan, reason?: string): Promise<Applied> {
  const body = { registrations: rows, base, ...(reason === undefined ? {} : { reason }) };
  return changeRegistry(input, { method: "PUT", path: "registry", body }).catch((cause: unknown) => {
    throw cause instanceof Refused && cause.facts.error === "registry_stale" ? new RegistryStale(base) : cause;
  });
}

/** Validates a folder and makes it the registry. @throws RegistryInvalid, RegistryStale, Refused */
export async function applyRegistry(input: ApplyInput): Promise<Applied> {
  return applyPlan(input, await planRegistry(input));
}

/** One order for the function that writes the registry. */
export interface RegistryOrder {
  readonly method: "PUT" | "POST" | "PATCH";
  /** Below the function's URL. */
  readonly path: string;
  readonly body: object;
}

/**
 * Sends one change of the registry.
 * @returns its outcome
 * @throws Refused for any other answer; the message contains the answer's error and every problem
 */
export async function changeRegistry(
  input: Signing & Pick<ApplyInput, "adminWrite">,
  { method, path, body }: RegistryOrder,
): Promise<Applied> {
  const url = `${input.adminWrite.replace(/\/$/, "")}/${path}`;
  try {
    const applied = appliedSchema.safeParse(await callSigned(input, url, { method, body: JSON.stringify(body) }));
    if (!applied.success) throw new Refused("admin-write answered no change of the registry");
    return applied.data;
  } catch (cause) {
    if (!(cause instanceof Refused) || !Array.isArray(cause.facts.problems)) throw cause;
    const problems = cause.facts.problems as readonly RegistryProblem[];
    const lines = problems.map(({ file, path: at, message }) => `${file}: ${at === "" ? "" : `${at}: `}${message}`);
    throw new Refused([cause.message, ...lines].join("\n"), cause.facts);
  }
}
