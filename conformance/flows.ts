import { setTimeout as sleep } from "node:timers/promises";
import { asOfferTo, asSession, exchange, type Fields } from "../test/kit/wire/forms.ts";
import { claimsOf } from "../test/kit/wire/key.ts";
import { granted, text } from "./expect.ts";
import type { Reach } from "./ground.ts";
import type { Actor, Target } from "./target.ts";

/** The form of a session of its own at `reach`, by its first scope unless told otherwise. */
export const ownWork = ({ uri, scopes }: Reach, scope = scopes[0] ?? ""): Fields => [
  ["grant_type", "client_credentials"],
  ["resource", uri],
  ["scope", scope],
];

/** The form's part that says where to. */
export const wanting = ({ uri, scopes }: Reach, ...named: readonly string[]): Fields => [
  ["resource", uri],
  ["scope", named.length > 0 ? named.join(" ") : (scopes[0] ?? "")],
];

/** The token a granted answer carries. */
export const tokenIn = (answer: Parameters<typeof granted>[0]): string =>
  text(granted(answer).access_token, "access_token");

/** A new access token of the worker's own, in a session of its own. */
export async function ownAccess(target: Target, reach: Reach = target.need("own"), more: Fields = []): Promise<string> {
  const worker = await target.actor("worker");
  return tokenIn(await target.ask("token", worker, [...ownWork(reach), ...more]));
}

/** A new session token of the worker's own over every scope of `own`. */
export async function ownSession(target: Target, more: Fields = []): Promise<string> {
  const own = target.need("own");
  const form = [...ownWork(own, own.scopes.join(" ")), ...asSession, ...more];
  return tokenIn(await target.ask("token", await target.actor("worker"), form));
}

/** A session of the opener for a person. */
interface ForPerson {
  readonly opener: Actor;
  readonly person: string;
  readonly session: string;
}

/** A new session token of the opener for a freshly signed-in person over every scope of `lent`. */
export async function personSession(target: Target, more: Fields = []): Promise<ForPerson> {
  const lent = target.need("lent");
  const [opener, person] = [await target.actor("opener"), await target.need("person")()];
  const form = [...exchange("id", person), ...wanting(lent, ...lent.scopes), ...asSession, ...more];
  return { opener, person, session: tokenIn(await target.ask("token", opener, form)) };
}

/**
 * A login that a row may denylist: revoking its root ends whatever else hangs on it, and providers tell logins apart by the
 * second, so that it gets a second of its own. Cleared again, since a provider may go on with it for the next row.
 */
export async function withLoginToDenylist(
  target: Target,
  row: (login: ForPerson & { readonly denylist: () => Promise<void> }) => Promise<void>,
): Promise<void> {
  const [, operator] = [target.need("lent"), target.need("operator")];
  await nextSecond();
  const made = await personSession(target);
  const session = String(claimsOf(made.session).sid);
  try {
    await row({ ...made, denylist: () => operator.order({ revoke: { session }, reason: "conformance" }) });
  } finally {
    await operator.order({ lift: { session }, reason: "conformance" });
    await nextSecond();
  }
}

const nextSecond = () => sleep(1_050 - (Date.now() % 1_000));

/** Well within the least life of what is shared, so that rows of a slow run do not find it ended. */
const sharedSeconds = 60;

/** One session of the opener for a person, shared by rows that change nothing about it. */
export const sharedPersonSession = (target: Target): Promise<ForPerson> =>
  target.once("person session", () => personSession(target), sharedSeconds);

/** An access token of that shared session for `lent`'s first scope. */
export const sharedPersonAccess = (target: Target): Promise<string> =>
  target.once(
    "person access",
    async () => {
      const { opener, session } = await sharedPersonSession(target);
      return tokenIn(
        await target.ask("token", opener, [...exchange("session", session), ...wanting(target.need("lent"))]),
      );
    },
    sharedSeconds,
  );

/** One access token of the worker's own, shared by rows that change nothing about it. */
export const sharedAccess = (target: Target): Promise<string> =>
  target.once("own access", () => ownAccess(target), sharedSeconds);

/** One session token of the worker's own, shared likewise. */
export const sharedSession = (target: Target): Promise<string> =>
  target.once("own session", () => ownSession(target), sharedSeconds);

/** An offer of `lent`'s first scope to the helper, and what the helper makes of it. */
export async function handOn(target: Target, session: string) {
  const [opener, helper, lent] = [await target.actor("opener"), await target.actor("helper"), target.need("lent")];
  const offering = [...exchange("session", session), ...asOfferTo(helper.id), ...wanting(lent)];
  const offer = tokenIn(await target.ask("token", opener, offering));
  return { offer, helper, redeem: () => target.ask("token", helper, exchange("offer", offer)) };
}

/** A session of the server's at the next hop, from a token it was shown. */
export async function hop(target: Target, presented: string, more: Fields = []) {
  const server = await target.actor("server");
  return target.ask("token", server, [...exchange("access", presented), ...wanting(target.need("onward")), ...more]);
}

/** What introspection says of a token to the agent that serves its resource. */
export async function introspected(target: Target, token: string): Promise<Readonly<Record<string, unknown>>> {
  return granted(await target.ask("introspection", await target.actor("server"), [["token", token]]));
}
