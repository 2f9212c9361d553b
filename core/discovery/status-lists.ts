import { denialReply } from "../denial/wire.ts";
import type { Call, Reply } from "../model/wire.ts";
import { cutsPath } from "../verify/cuts/document.ts";
import { statusListUri } from "../verify/status/list.ts";
import { published } from "./published.ts";

/** Signed lists as they are stored. */
export interface StoredLists {
  /** A signed list, until its hour is over. */
  read(list: string): Promise<string | undefined>;
  /** Names of the lists that are open now. */
  open(): Promise<readonly string[]>;
  /** The signed document of cuts. */
  cuts(): Promise<string | undefined>;
}

/** Answers one list, the names of all open lists (Token Status List, sections 8 and 9), or the document of cuts. */
export async function statusLists(
  { path, query = "" }: Call,
  { issuer, lists }: { readonly issuer: string; readonly lists: StoredLists },
): Promise<Reply> {
  const named = /^\/status\/([0-9]{10}-[0-9]{1,6})$/.exec(path)?.[1];
  if (path !== "/status" && path !== cutsPath && named === undefined) return denialReply({ code: "not_found", path });
  // section 8.4: a present list as the answer to a question about an earlier time would be taken for that time
  if (new URLSearchParams(query).has("time")) return denialReply({ code: "history_unsupported", path });
  if (path === cutsPath) return signedReply(await lists.cuts(), "application/lanyard-cuts+jwt", path);
  if (named === undefined) {
    const uris = (await lists.open()).map((list) => statusListUri(issuer, list));
    return published(JSON.stringify({ status_lists: uris }), "application/json", 60);
  }
  return signedReply(await lists.read(named), "application/statuslist+jwt", path);
}

const signedReply = (signed: string | undefined, contentType: string, path: string): Reply =>
  signed === undefined ? denialReply({ code: "not_found", path }) : published(signed, contentType, 2);
