import { GetCommand } from "@aws-sdk/lib-dynamodb";
import { decodeJwt } from "jose";
import { afterEach, beforeEach } from "vitest";
import type { PublishDeps } from "../../../../core/endpoints/publisher.ts";
import type { Session } from "../../../../core/model/session.ts";
import type { RevocationWrite, SessionStore } from "../../../../core/session/store.ts";
import { type Change, changeOf } from "../../../../core/status/changes.ts";
import { statusAt } from "../../../../core/verify/status/bits.ts";
import { decodeStatusList } from "../../../../core/verify/status/list.ts";
import { createListReader } from "../../../../lambdas/aws/dynamodb/lists/lists.ts";
import { createPublishStore } from "../../../../lambdas/aws/dynamodb/lists/publish-store.ts";
import { createStatusLeases, type StatusLeases } from "../../../../lambdas/aws/dynamodb/lists/status-leases.ts";
import { createRevocationStore } from "../../../../lambdas/aws/dynamodb/revocations/revocation-store.ts";
import { createSessionStore } from "../../../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { testSigner } from "../../../kit/keys.ts";
import { testKey } from "../../../kit/wire/key.ts";
import { now, record, researcher, session } from "../../samples.ts";
import { type Cloud, openCloud } from "../../tables.ts";

export const issuer = "https://abc123.lambda-url.eu-west-1.on.aws";

export let cloud: Cloud;
export let store: SessionStore;
export let deps: PublishDeps;
export let leases: StatusLeases;

/** An instance's leases that do not ask whether the list is signed: what the publisher meets before its first run. */
export const newLeases = () => createStatusLeases(cloud.client, cloud.tables, async () => true);

export async function place(expiresAtSeconds: number, epoch: number, from = leases): Promise<Session["status"]> {
  const leased = await from.lease(expiresAtSeconds, epoch);
  if (!leased) throw new Error("no place");
  return leased;
}

export const time = { seconds: now };

/** Opens a session with a place of its own. */
export async function open(more: Partial<Session> = {}): Promise<Session> {
  const expiresAtSeconds = more.expiresAtSeconds ?? now + 900;
  const made = session({ ...more, expiresAtSeconds, status: await place(expiresAtSeconds, 0) });
  await store.commit({ session: made, replayEntries: [], record: record() });
  return made;
}

export const childOf = (parent: Session, more: Partial<Session> = {}) =>
  open({
    root: parent.root,
    anc: parent.sid === parent.root ? [] : [...parent.anc, parent.sid],
    depth: parent.depth + 1,
    actors: [...parent.actors, researcher],
    epochs: { ...parent.epochs, [`agent:${researcher}`]: 0 },
    ...more,
  });

/** Revokes as `revoke` does and brings the row as the stream would. */
async function revoked(
  write: Omit<RevocationWrite, "replayEntries" | "record">,
  row: { readonly session: string } | { readonly subject: string },
): Promise<readonly Change[]> {
  await createRevocationStore(cloud.client, cloud.tables).revoke({ ...write, replayEntries: [], record: record() });
  const found = await cloud.client.send(
    new GetCommand({ TableName: "session" in row ? "Tombstones" : "Revocations", Key: row }),
  );
  const change = changeOf(found.Item ?? {});
  return typeof change === "string" ? [] : [change];
}

export const tombstoned = ({ root, sid, expiresAtSeconds }: Session) =>
  revoked({ tombstone: { root, sid, expiresAtSeconds } }, { session: sid });

export const raised = (subject: string) =>
  revoked({ raise: { subject, block: true, atSeconds: now } }, { subject: `standing#${subject}` });

export const cut = () =>
  revoked({ raise: { subject: "deployment", block: false, atSeconds: now } }, { subject: "deployment#0" });

export const token = (list: string) => createListReader(cloud.client, "Lists", deps.clock).read(list);

/** What a verifier that only knows the standard sees. */
export async function valid({ status }: Session): Promise<boolean> {
  const signed = await token(status.list);
  if (signed === undefined) throw new Error(`nobody signed ${status.list}`);
  const { status_list } = decodeJwt(signed) as { status_list: { bits: number; lst: string } };
  const bits = decodeStatusList(status_list.lst, status_list.bits);
  if (!bits.ok) throw new Error(bits.error);
  const value = statusAt(bits.value, status.idx);
  return value.ok && value.value === 0;
}

/** What a test began and does not wait for, and how its reads that hang are let go. */
const begun: Promise<unknown>[] = [];
let over = Promise.withResolvers<never>();

/** A read that ends with its test, by a failure. */
export const hangs = (): Promise<never> => over.promise;

/**
 * Begins a run that its test does not wait for. The tables stay open until it has ended: a request that is under way
 * when they close fails outside of every test.
 */
export function begin(run: Promise<unknown>): void {
  begun.push(run);
  // its end is no part of the test
  run.catch(() => undefined);
}

/** Has each test of the calling file begin on this ground. */
export function setUp(): void {
  beforeEach(async () => {
    over = Promise.withResolvers();
    over.promise.catch(() => undefined);
    time.seconds = now;
    cloud = await openCloud();
    const clock = { nowMillis: () => time.seconds * 1000 };
    store = createSessionStore(cloud.client, cloud.tables, clock);
    leases = newLeases();
    const signer = testSigner("status", await testKey());
    deps = { clock, issuer, signer, store: createPublishStore(cloud.client, cloud.tables) };
  });
  afterEach(async () => {
    over.reject(new Error("the test is over"));
    await Promise.allSettled(begun.splice(0));
    await cloud.close();
  });
}
