import { exchange } from "../../../test/kit/wire/forms.ts";
import { claimsOf } from "../../../test/kit/wire/key.ts";
import { granted, refused, same } from "../../expect.ts";
import { ownWork, sharedAccess, sharedSession, tokenIn, wanting } from "../../flows.ts";
import { rowsOf } from "../../row.ts";

export const resourceIndicatorRows = rowsOf("RFC 8707", [
  {
    section: "2",
    level: "MUST",
    text: "A resource is an absolute URI without fragment: anything else is invalid_target",
    async run(target) {
      const { uri, scopes } = target.need("own");
      const worker = await target.actor("worker");
      for (const bad of [`${uri}/#x`, `${uri}#`, "/desk", "desk", "https:desk"])
        refused(await target.ask("token", worker, ownWork({ uri: bad, scopes })), 400, "invalid_target");
    },
  },
  {
    section: "2",
    level: "MUST",
    text: "A resource that is unknown is invalid_target, however near it is to one that is known",
    async run(target) {
      const { uri, scopes } = target.need("own");
      const worker = await target.actor("worker");
      const path = new URL("/X/y", uri).href;
      for (const near of [`${uri}/x`, `${uri}//`, path, `${uri}?x=1`, `${uri}.`, "https://nowhere.example"])
        refused(await target.ask("token", worker, ownWork({ uri: near, scopes })), 400, "invalid_target");
    },
  },
  {
    section: "2",
    level: "SHOULD",
    text: "Another spelling of a known address (RFC 3986 6.2), or its last slash, is the known one: so aud says",
    async run(target) {
      const { uri, scopes } = target.need("own");
      const worker = await target.actor("worker");
      const { protocol, host, pathname } = new URL(uri);
      const other = uri.endsWith("/") ? uri.slice(0, -1) : `${uri}/`;
      for (const spelled of [other, `${protocol.toUpperCase()}//${host.toUpperCase()}${pathname}`])
        same(claimsOf(tokenIn(await target.ask("token", worker, ownWork({ uri: spelled, scopes })))).aud, uri, "aud");
    },
  },
  {
    section: "2",
    level: "MUST",
    text: "resource may be repeated; an access token for two of them is refused, not made for one",
    async run(target) {
      const [own, other, worker] = [target.need("own"), target.need("other"), await target.actor("worker")];
      const form = [...ownWork(own, `${own.scopes[0]} ${other.scopes[0]}`), ["resource", other.uri] as const];
      refused(await target.ask("token", worker, form), 400, "invalid_target");
    },
  },
  {
    section: "2",
    level: "SHOULD",
    text: "The access token is restricted to the resource that was named: aud is exactly it",
    async run(target) {
      same(claimsOf(await sharedAccess(target)).aud, target.need("own").uri, "aud");
    },
  },
  {
    section: "2.2",
    level: "MUST",
    text: "A known resource beyond what was granted is refused by its scope, which exceeds the grant (RFC 6749 5.2)",
    async run(target) {
      const other = target.need("other");
      const form = [...exchange("session", await sharedSession(target)), ...wanting(other)];
      refused(await target.ask("token", await target.actor("worker"), form), 400, "invalid_scope");
    },
  },
  {
    section: "2.2",
    level: "MUST",
    text: "The same resource named twice is one resource",
    async run(target) {
      const own = target.need("own");
      const form = [...ownWork(own), ["resource", own.uri] as const];
      granted(await target.ask("token", await target.actor("worker"), form));
    },
  },
]);
