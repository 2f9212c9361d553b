import { createAgent, type LanyardAgent } from "../client/index.ts";
import { spiffeAssertionType } from "../core/model/wire.ts";
import type { Ground, Workload } from "./ground.ts";
import { type Key, newKey, proof, type Twist } from "./key.ts";
import { Unsupported } from "./row.ts";
import { type Answer, type Fields, formOf, formType, header, send } from "./wire.ts";

/** An attested agent: its key, and the identity token bound to it. */
export interface Actor {
  readonly id: string;
  readonly key: Key;
  readonly identity: string;
  /** The same agent by the client library. */
  readonly agent: LanyardAgent;
}

/** Parts that are agents. */
export type Part = "worker" | "server" | "opener" | "helper" | "stranger";

/** Where authenticated forms go. */
export type Endpoint = "token" | "introspection" | "revocation";

/** An issuer under examination. */
export interface Target {
  readonly ground: Ground;
  readonly issuer: string;
  /** What the settings say under this name; ends the row as skipped when they do not. */
  need<K extends keyof Ground>(name: K): NonNullable<Ground[K]>;
  /** The issuer's metadata, fetched once. */
  metadata(): Promise<Readonly<Record<string, unknown>>>;
  /** Address of an endpoint, by metadata. */
  endpoint(name: Endpoint): Promise<string>;
  /** The agent in this part, attested once a run. */
  actor(part: Part): Promise<Actor>;
  /** The same with another key: another instance of it. */
  fresh(part: Part): Promise<Actor>;
  /** The client assertion's parameters. */
  assertion(actor: Pick<Actor, "identity">): Fields;
  /** Posts a form as this actor, assertion and proof beside it; told to come back with a nonce, it does so. */
  ask(name: Endpoint, actor: Actor, fields: Fields, twist?: Twist): Promise<Answer>;
  /** Posts a form with a proof by `key` and nothing that is not in `fields`. */
  post(url: string, fields: Fields, key: Key, twist?: Twist): Promise<Answer>;
  /** Posts any body with a proof by `key`. */
  postBody(url: string, contentType: string, body: string, key: Key, twist?: Twist): Promise<Answer>;
  /** Attests this part anew when it is next asked for: its identity token was cut. */
  forget(part: Part): void;
  /** The newest nonce a server gave. */
  nonceOf(url: string): string | undefined;
  /** Makes once a run, by name; anew when what was made is older than `maxAgeSeconds`, for tokens that end meanwhile. */
  once<T>(name: string, make: () => Promise<T>, maxAgeSeconds?: number): Promise<T>;
}

/** A target on this ground; nothing is asked for until a row needs it. */
export function createTarget(ground: Ground): Target {
  const made = new Map<string, { readonly value: Promise<unknown>; readonly atMillis: number }>();
  const nonces = new Map<string, string>();
  const once = <T>(name: string, make: () => Promise<T>, maxAgeSeconds = Number.POSITIVE_INFINITY): Promise<T> => {
    const known = made.get(name);
    if (known && performance.now() - known.atMillis < maxAgeSeconds * 1000) return known.value as Promise<T>;
    const value = make();
    made.set(name, { value, atMillis: performance.now() });
    return value;
  };
  const need: Target["need"] = (name) => {
    const value = ground[name];
    if (value === undefined || value === null) throw new Unsupported(`the settings name no ${name}`);
    return value as never;
  };
  const metadata = () =>
    once("metadata", async () => (await send("GET", wellKnown(ground.issuer, "oauth-authorization-server"))).json);
  const postBody: Target["postBody"] = async (url, contentType, body, key, twist) => {
    const attempt = async () => {
      const nonce = nonces.get(new URL(url).origin);
      const DPoP = twist?.instead ?? (await proof(key, { method: "POST", url, nonce }, twist));
      const answer = await send("POST", url, { "Content-Type": contentType, DPoP }, body);
      const newer = header(answer, "dpop-nonce");
      if (newer !== "") nonces.set(new URL(url).origin, newer);
      return answer;
    };
    const first = await attempt();
    // a nonce alone must stop nobody: a row that is refused for want of one would have seen nothing
    return first.json.error === "use_dpop_nonce" && twist?.instead === undefined ? attempt() : first;
  };
  const assertion: Target["assertion"] = ({ identity }) => [
    ["client_assertion_type", spiffeAssertionType],
    ["client_assertion", identity],
  ];
  const target: Target = {
    ground,
    issuer: ground.issuer,
    need,
    once,
    metadata,
    postBody,
    post: (url, fields, key, twist) => postBody(url, formType, formOf(fields), key, twist),
    forget: (part) => void made.delete(`actor ${part}`),
    assertion,
    nonceOf: (url) => nonces.get(new URL(url).origin),
    endpoint: async (name) => String((await metadata())[`${name}_endpoint`]),
    async actor(part) {
      const actor = await once(`actor ${part}`, () => attest(ground.issuer, need(part)));
      // an identity token ends before a long run does; the client attests again in time, by the same key
      return { ...actor, identity: (await actor.agent.identity()).token };
    },
    fresh: (part) => attest(ground.issuer, need(part)),
    async ask(name, actor, fields, twist) {
      return target.post(await target.endpoint(name), [...assertion(actor), ...fields], actor.key, twist);
    },
  };
  return target;
}

async function attest(issuer: string, { id, evidence }: Workload): Promise<Actor> {
  const key = await newKey();
  const agent = createAgent({ issuer, agent: id, evidence, key: key.pair });
  return { id, key, agent, identity: (await agent.identity()).token };
}

/** RFC 8414 3.1: the well-known part stands between host and path. */
export const wellKnown = (issuer: string, name: string): string => {
  const { origin, pathname } = new URL(issuer);
  return `${origin}/.well-known/${name}${pathname.replace(/\/$/, "")}`;
};
