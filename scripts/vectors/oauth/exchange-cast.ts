import { decodeUnverified } from "../../../core/jose/jwt.ts";
import { limits } from "../../../core/model/limits.ts";
import { idTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { customers, tickets } from "../../../test/kit/registry.ts";
import { type Answer, type Params, tokens } from "../../../test/kit/world/tokens.ts";
import { createWorld } from "../../../test/kit/world/world.ts";

/** A form as notes have it; `_json` asks for the body as JSON. */
export type NoteForm = Readonly<Record<string, string | readonly string[] | boolean>>;

/** The notes' resource is our ticket API, their session token (a JWT to them) our session token. */
const ours: Readonly<Record<string, string>> = {
  "https://rs.example.com": tickets,
  "urn:ietf:params:oauth:token-type:jwt": sessionTokenType,
};

/** The role of a token that is bound to another key than the caller's. */
const otherKey = "<cnf.jkt>";

/** Claims of a token of ours, unverified: what the notes ask is how they compare. */
export const claimsOf = (token: string) =>
  (decodeUnverified(token)?.payload ?? {}) as Readonly<Record<string, unknown>>;

/** A token service with an agent that has a session, which lives a minute. */
export async function openCast() {
  const world = await createWorld([], tokens);
  const planner = await world.newAgent("planner");
  const opened = await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
    resource: [tickets, customers],
    scope: "tickets:read customers:read",
    requested_token_type: sessionTokenType,
    lifetime_seconds: "60",
  });
  const session: string = opened.body.access_token;
  /** Makes the tokens that a note names by their roles. */
  const roles: Readonly<Record<string, () => string | Promise<string>>> = {
    "<session>": () => session,
    [otherKey]: () => session,
    "<same as subject>": () => session,
    "<a>": () => session,
    "<b>": () => session,
    "<other>": async () => (await world.newAgent("triage")).identity(),
    "<expired>": () => {
      world.time.seconds += 60;
      return session;
    },
    "<revoked>": async () => {
      await world.order({ revoke: { session: claimsOf(session).sid }, reason: "vector" });
      return session;
    },
    // fifty would still be within our bound; what is signed here could only be our own mistake
    "<deep act>": () => {
      let act: object | undefined;
      for (let depth = 0; depth <= limits.depthMax + 1; depth++) act = { sub: planner.id, ...(act ? { act } : {}) };
      const header = { alg: "ES256", kid: world.sessionKey.jkt, typ: "lanyard-session+jwt" };
      return world.sessionKey.jws(header, { ...claimsOf(session), act });
    },
  };
  const played = async (value: string): Promise<string> => {
    const role = roles[value];
    if (role === undefined && /^<.*>$/.test(value)) throw new Error(`nobody here plays ${value}`);
    return role === undefined ? value : role();
  };

  /** Sends a note's form as the agent, or under another key where a role asks for it. */
  async function send(form: NoteForm): Promise<Answer> {
    if (form._json) {
      const call = { contentType: "application/json", body: JSON.stringify(form) };
      return world.send("token", planner, {}, { call });
    }
    const caller = Object.values(form).flat().includes(otherKey) ? await world.newAgent("planner") : planner;
    const params: Record<string, string | readonly string[]> = {};
    for (const [key, value] of Object.entries(form)) {
      const values = await Promise.all([value].flat().map(async (one) => played(String(one))));
      const [first = ""] = values;
      // an actor token is an identity token of ours, which is a JWT here too
      params[key] = values.length > 1 ? values : key === "actor_token_type" ? first : (ours[first] ?? first);
    }
    return world.send("token", caller, params as Params);
  }
  return { world, planner, session, send };
}
