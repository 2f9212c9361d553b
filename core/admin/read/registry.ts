import { err, ok } from "../../model/result.ts";
import { subjects } from "../../model/subjects.ts";
import { epochOf } from "../../session/liveness.ts";
import { cursorText, readCursor } from "./cursor.ts";
import { pageLimit, versionNumber } from "./query.ts";
import type { Route } from "./route.ts";

/**
 * `GET /registry[?version=N]`: every registration of a version, by default the current one, and the deployment's
 * revocation epoch.
 */
export const registryRoute: Route = {
  template: "/registry",
  pattern: /^\/registry$/,
  parameters: ["version"],
  async answer({ query }, { registry, queries }) {
    const wanted = versionNumber(query);
    if (!wanted.ok) return wanted;
    const applied = await registry.applied();
    const version = wanted.value ?? applied;
    const [entry] = await registry.history(1, version + 1);
    // an interrupted apply leaves rows of a version that never applied; they must not be shown as if it had
    const counted = version <= applied && (entry === undefined || entry.version === version);
    const registrations = version === 0 || !counted ? [] : await registry.rows(version);
    if (version > 0 && registrations.length === 0) return err({ code: "version_unknown", version });
    const rows = await queries.readLiveness({ tombstones: [], subjects: [] });
    if (!rows.complete) return err({ code: "liveness_unavailable", why: "a key stayed unread" });
    // without a deployment row nothing was ever applied, and nothing cut
    const { epoch, blocked } = rows.deployment ? epochOf(rows, subjects.deployment) : unwritten;
    return ok({ version, applied, deployment: { generation: epoch, blocked }, registrations });
  },
};

const unwritten = { epoch: 0, blocked: false };

/** `GET /registry/versions`: applied versions, newest first. */
export const versionsRoute: Route = {
  template: "/registry/versions",
  pattern: /^\/registry\/versions$/,
  parameters: ["limit", "cursor"],
  async answer({ query }, { registry }) {
    const limit = pageLimit(query);
    if (!limit.ok) return limit;
    const cursor = readCursor(query.get("cursor"), "versions");
    if (!cursor.ok) return cursor;
    const found = await registry.history(limit.value + 1, cursor.value?.before);
    const items = found.slice(0, limit.value);
    const last = items.at(-1);
    const more = found.length > limit.value && last !== undefined;
    return ok({ items, ...(more ? { next: cursorText({ list: "versions", before: last.version }) } : {}) });
  },
};
