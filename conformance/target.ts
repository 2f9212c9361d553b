import { createAgent, type LanyardAgent } from "../client/index.ts";
import { createWire, type Wire, type WireTwist } from "../test/kit/wire/client.ts";
import { assertion, type Fields, formBody } from "../test/kit/wire/forms.ts";
import { type Answer, send } from "../test/kit/wire/http.ts";
import { type TestKey, testKey } from "../test/kit/wire/key.ts";
import { Unsupported } from "./departure.ts";
import type { Ground, Workload } from "./ground.ts";

/** An attested agent: its key, and the identity token bound to it. */
export interface Actor {
  readonly id: string;
  readonly key: TestKey;
  readonly identity: string;
  /** The same agent by the client library. */
  readonly agent: LanyardAgent;
}

/** Parts that are agents. */
type Part = "worker" | "server" | "opener" | "helper" | "stranger";

/** Where authenticated forms go. */
type Endpoint = "token" | "introspection" | "revocation";

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
  /** Posts a form as this actor, assertion and proof beside it; told to come back with a nonce, it does so. */
  ask(name: Endpoint, actor: Actor, fields: Fields, twist?: WireTwist): Promise<Answer>;
  /** Attests this part anew when it is next asked for: its identity token was cut. */
  forget(part: Part): void;
  /** What rows send by hand, with proofs by hand. */
  readonly wire: Wire;
  /** Makes once a run, by name; anew when what was made is older than `maxAgeSeconds`, for tokens that end meanwhile. */
  once<T>(name: string, make: () => Promise<T>, maxAgeSeconds?: number): Promise<T>;
}

/** A target on this ground; nothing is asked for until a row needs it. */
export function createTarget(ground: Ground): Target {
  const made = new Map<string, { readonly value: Promise<unknown>; readonly atMillis: number }>();
  const wire = createWire();
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
  const target: Target = {
    ground,
    issuer: ground.issuer,
    need,
    once,
    metadata,
    wire,
    forget: (part) => void made.delete(`actor ${part}`),
    endpoint: async (name) => String((await metadata())[`${name}_endpoint`]),
    async actor(part) {
      const actor = await once(`actor ${part}`, () => attest(ground.issuer, need(part)));
      // an identity token ends before a long run does; the client attests again in time, by the same key
      return { ...actor, identity: (await actor.agent.identity()).token };
    },
    fresh: (part) => attest(ground.issuer, need(part)),
    async ask(name, actor, fields, twist) {
      const form = formBody([...assertion(actor), ...fields]);
      return wire.post(await target.endpoint(name), form, { key: actor.key, twist });
    },
  };
  return target;
}

async function attest(issuer: string, { id, evidence }: Workload): Promise<Actor> {
  const key = await testKey();
  const agent = createAgent({ issuer, agent: id, evidence, key: key.pair });
  return { id, key, agent, identity: (await agent.identity()).token };
}

/** RFC 8414 3.1: the well-known part stands between host and path. */
export const wellKnown = (issuer: string, name: string): string => {
  const { origin, pathname } = new URL(issuer);
  return `${origin}/.well-known/${name}${pathname.replace(/\/$/, "")}`;
};
