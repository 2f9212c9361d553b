import { invalidMember, type JsonObject, readObject } from "../admin/read-body.ts";
import { type AuditContext, startAudit } from "../audit/context.ts";
import { type DenyDeps, deny } from "../audit/deny.ts";
import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import type { Operator } from "../model/operator.ts";
import type { RegistryDocument } from "../model/registry-document.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Call, Reply } from "../model/wire.ts";
import { type Applied, type ApplyDeps, applyRegistry, documentsOf, documentsOfRows } from "../registry/apply.ts";
import { goneBack } from "../registry/states.ts";

/** What writing the registry stands on. */
interface AdminWriteDeps extends DenyDeps, ApplyDeps {}

/** Registrations that a request wants. */
interface Wanted {
  readonly documents: readonly RegistryDocument[];
  /** The version they were made from here; none for those the request carried itself. */
  readonly from?: number;
  /** Of a rollback: the version gone back to, for the record. */
  readonly restores?: number;
}

/** What a request asks for, read and bounded. */
interface Order {
  wanted(deps: AdminWriteDeps): Promise<Result<Wanted, Denial>>;
  readonly base?: number;
  readonly reason?: string;
  readonly dryRun?: boolean;
}

/**
 * What operators change by URL, each as a new version of the registry, with optimistic concurrency (`base`, the version
 * it was made against) and `dryRun`:
 *
 * - `PUT /registry` `{ registrations, base?, reason?, dryRun? }`: all of it
 * - `PATCH /agents/<name>` `{ state, reason, base?, dryRun? }`: one agent's state, all others untouched
 * - `POST /rollback` `{ to, reason, base?, dryRun? }`: the registrations of an earlier version that counted, held against
 *   today's rules; it wakes no suspended agent
 *
 * @returns 200 `{ version, base, difference }`; denials `registry_invalid` (422, every problem), `registry_stale` (409),
 * `version_unknown` (404), `target_unknown`, those of reading
 */
export function createAdminWriteEndpoint(
  deps: AdminWriteDeps,
): (call: Call, operator: Operator | undefined) => Promise<Reply> {
  return async (call, operator) => {
    const audit = startAudit(call, "registry.apply", deps.clock);
    if (!operator) return deny(deps, { code: "caller_not_authorized", why: "no IAM identity" }, audit);
    audit.add({ operator, target: "registry" });
    audit.authenticated = true;
    const applied = await carryOut(call, operator, audit, deps);
    if (applied.ok) return json(200, applied.value);
    const refusal = await deny(deps, applied.error, audit);
    return applied.error.code === "registry_invalid" ? withProblems(refusal, applied.error) : refusal;
  };
}

async function carryOut(
  call: Call,
  operator: Operator,
  audit: AuditContext,
  deps: AdminWriteDeps,
): Promise<Result<Applied, Denial>> {
  const order = readOrder(call);
  if (!order.ok) return order;
  const { reason, dryRun } = order.value;
  const wanted = await order.value.wanted(deps);
  if (!wanted.ok) return wanted;
  const { documents, from, restores } = wanted.value;
  // what was made from one version replaces that one alone: somebody else's change in between would be undone unseen
  const base = from ?? order.value.base;
  if (order.value.base !== undefined && order.value.base !== base)
    return err({ code: "registry_stale", base: order.value.base, applied: base ?? 0 });
  const { operation: _, ...facts } = audit.facts;
  return applyRegistry(
    {
      documents,
      operator,
      facts: restores === undefined ? facts : { ...facts, registryRestored: restores },
      ...(base === undefined ? {} : { base }),
      ...(reason === undefined ? {} : { reason }),
      ...(dryRun ? { dryRun } : {}),
    },
    deps,
  );
}

const json = (status: number, body: object): Reply => ({
  status,
  contentType: "application/json",
  body: JSON.stringify(body),
});

/** Whoever wrote the files must see every problem; they are the operator's own words. */
function withProblems(refusal: Reply, { problems }: Denial & { code: "registry_invalid" }): Reply {
  const said = JSON.parse(refusal.body) as object;
  return json(refusal.status, { ...said, problems: problems.slice(0, 100), problemCount: problems.length });
}

const agentPath = /^\/agents\/([a-z0-9._-]+(?:\/[a-z0-9._-]+)*)$/;

function readOrder(call: Call): Result<Order, Denial> {
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

function readWhole(call: Call): Result<Order, Denial> {
  const body = readObject(call, ["registrations", ...common], limits.registryBodyBytes);
  if (!body.ok) return body;
  const { registrations } = body.value;
  if (!Array.isArray(registrations)) return invalidMember("registrations", "a list of registrations");
  return withCommon(body.value, false, { wanted: async () => ok({ documents: documentsOf(registrations) }) });
}

function readRollback(call: Call): Result<Order, Denial> {
  const body = readObject(call, ["to", ...common], limits.requestBodyBytes);
  if (!body.ok) return body;
  const { to } = body.value;
  if (!isVersion(to)) return invalidMember("to", "the version to go back to");
  return withCommon(body.value, true, {
    wanted: async ({ registry }) => {
      // rows alone are no version: an apply that lost a race or was cut off left some, perhaps without its prohibitions
      const [entry] = await registry.history(1, to + 1);
      if (entry?.version !== to) return err({ code: "version_unknown", version: to });
      const from = await registry.applied();
      const [now, then] = [await registry.rows(from), await registry.rows(to)];
      return ok({ documents: documentsOfRows(goneBack(now, then)), from, restores: to });
    },
  });
}

function readState(call: Call, name: string): Result<Order, Denial> {
  const body = readObject(call, ["state", ...common], limits.requestBodyBytes);
  if (!body.ok) return body;
  const { state } = body.value;
  if (typeof state !== "string") return invalidMember("state", "draft, active, suspended or retired");
  return withCommon(body.value, true, {
    wanted: async ({ registry }) => {
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

function withCommon(body: JsonObject, needsReason: boolean, order: Pick<Order, "wanted">): Result<Order, Denial> {
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
