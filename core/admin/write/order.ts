import type { Denial } from "../../denial/denial.ts";
import { limits } from "../../model/limits.ts";
import type { RegistryDocument } from "../../model/registry-document.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { Call } from "../../model/wire.ts";
import { documentsOf, documentsOfRows } from "../../registry/apply.ts";
import { goneBack } from "../../registry/states.ts";
import type { RegistryStore } from "../../registry/store.ts";
import { invalidMember, type JsonObject, readObject } from "../read-body.ts";

/** Registrations that a request wants. */
interface Wanted {
  readonly documents: readonly RegistryDocument[];
  /** The version they were derived from; absent when the request carried all of them. */
  readonly from?: number;
  /** For a rollback: the version that is restored, for the record. */
  readonly restores?: number;
}

/** Where registrations are read that the request does not carry. */
type WantedStore = Pick<RegistryStore, "applied" | "rows" | "history">;

/** An operator's order, parsed and bounded. */
interface WriteOrder {
  /** The registrations it wants; denials `version_unknown`, `target_unknown`. */
  wanted(store: WantedStore): Promise<Result<Wanted, Denial>>;
  readonly base?: number;
  readonly reason?: string;
  readonly dryRun?: boolean;
}

const agentPath = /^\/agents\/([a-z0-9._-]+(?:\/[a-z0-9._-]+)*)$/;

/**
 * Reads an order, by the request's method and path.
 * @returns the order, or `not_found`, `method_not_allowed`, those of {@link readObject}
 */
export function readOrder(call: Call): Result<WriteOrder, Denial> {
  const { method, path } = call;
  const agent = agentPath.exec(path)?.[1];
  const wanted =
    path === "/registry" ? "PUT" : path === "/rollback" ? "POST" : agent === undefined ? undefined : "PATCH";
  if (wanted === undefined) return err({ code: "not_found", path: path.slice(0, 100) });
  if (method !== wanted) return err({ code: "method_not_allowed", method: method.slice(0, 20), allow: wanted });
  if (wanted === "PUT") return readWhole(call);
  return wanted === "POST" ? readRollback(call) : readState(call, agent ?? "");
}

const common = ["base", "reason", "dryRun"];

function readWhole(call: Call): Result<WriteOrder, Denial> {
  const body = readObject(call, ["registrations", ...common], limits.registryBodyBytes);
  if (!body.ok) return body;
  const { registrations } = body.value;
  if (!Array.isArray(registrations)) return invalidMember("registrations", "a list of registrations");
  return withCommon(body.value, false, { wanted: async () => ok({ documents: documentsOf(registrations) }) });
}

function readRollback(call: Call): Result<WriteOrder, Denial> {
  const body = readObject(call, ["to", ...common], limits.requestBodyBytes);
  if (!body.ok) return body;
  const { to } = body.value;
  if (!isVersion(to)) return invalidMember("to", "the version to go back to");
  return withCommon(body.value, true, {
    wanted: async (registry) => {
      // rows alone do not make a version: an apply that lost a race or was interrupted may have left some, perhaps
      // without its prohibitions
      const [entry] = await registry.history(1, to + 1);
      if (entry?.version !== to) return err({ code: "version_unknown", version: to });
      const from = await registry.applied();
      const [now, then] = [await registry.rows(from), await registry.rows(to)];
      return ok({ documents: documentsOfRows(goneBack(now, then)), from, restores: to });
    },
  });
}

function readState(call: Call, name: string): Result<WriteOrder, Denial> {
  const body = readObject(call, ["state", ...common], limits.requestBodyBytes);
  if (!body.ok) return body;
  const { state } = body.value;
  if (typeof state !== "string") return invalidMember("state", "draft, active, suspended or retired");
  return withCommon(body.value, true, {
    wanted: async (registry) => {
      const from = await registry.applied();
      const rows = await registry.rows(from);
      if (!rows.some((row) => row.kind === "agent" && row.name === name))
        return err({
          code: "target_unknown",
          target: `agent:${name.slice(0, limits.agentIdCharacters)}`,
          why: "not_registered",
        });
      const changed = rows.map((row) => (row.kind === "agent" && row.name === name ? { ...row, state } : row));
      return ok({ documents: documentsOfRows(changed as typeof rows), from });
    },
  });
}

const isVersion = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1;

function withCommon(
  body: JsonObject,
  needsReason: boolean,
  order: Pick<WriteOrder, "wanted">,
): Result<WriteOrder, Denial> {
  const { base, reason, dryRun = false } = body;
  if (base !== undefined && base !== 0 && !isVersion(base))
    return invalidMember("base", "the version it was made against");
  if (typeof dryRun !== "boolean") return invalidMember("dryRun", "true or false");
  const said = typeof reason === "string" && reason.trim() !== "" && reason.length <= limits.purposeCharacters;
  if (!said && (needsReason || reason !== undefined))
    return invalidMember("reason", `say why, in 1 to ${limits.purposeCharacters} characters`);
  return ok({
    ...order,
    dryRun,
    ...(base === undefined ? {} : { base: base as number }),
    ...(said ? { reason } : {}),
  });
}
