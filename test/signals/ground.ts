import { createSignalsEndpoint } from "../../core/endpoints/signals.ts";
import type { Registration } from "../../core/model/registry.ts";
import type { Call } from "../../core/model/wire.ts";
import { randomIds } from "../kit/keys.ts";
import { memoryReports } from "../kit/memory/epochs.ts";
import { idp, inBase } from "../kit/registry.ts";
import { type TestKey, testKey } from "../kit/wire/key.ts";
import { tokens } from "../kit/world/tokens.ts";
import { createWorld } from "../kit/world/world.ts";

export const audience = "lanyard-events";
export const transmitter = "https://signals.people.example";
const keysAt = "https://signals.people.example/keys";

export const risc = (name: string) => `https://schemas.openid.net/secevent/risc/event-type/${name}`;
export const caep = (name: string) => `https://schemas.openid.net/secevent/caep/event-type/${name}`;
export const ssf = (name: string) => `https://schemas.openid.net/secevent/ssf/event-type/${name}`;
export const person = (sub: string, iss = idp) => ({ format: "iss_sub", iss, sub });

const people = inBase("trusted-issuer", "people");
/** A provider that signs its events by its own keys, and a partner's whose transmitter is another issuer. */
export const rows: readonly Registration[] = [
  { ...people, events: { audience } },
  {
    ...inBase("trusted-issuer", "partners"),
    events: { audience: "partner-events", issuer: transmitter, jwksUri: keysAt },
  },
];

/** What a test may say otherwise of a push. */
interface Said {
  readonly header?: object;
  readonly claims?: object;
  readonly key?: TestKey;
}

/** A world with tokens, and the function that hears providers. */
export async function openSignals(more: readonly Registration[] = []) {
  const world = await createWorld([...rows, ...more], tokens);
  world.limiter.allowed = undefined;
  const partnerKey = await testKey();
  // the same kid as both providers use: keys are never looked up by kid alone
  world.web.put(keysAt, { keys: [{ ...partnerKey.jwk, kid: "k1", alg: "ES256", use: "sig" }] });
  const endpoint = createSignalsEndpoint({ ...world.ports, reports: memoryReports(world.store) });

  /** An event of the provider, signed. */
  const event = (type: string, subject: unknown, { header, claims, key = world.idpKey }: Said = {}) =>
    key.jws(
      { alg: "ES256", kid: "k1", typ: "secevent+jwt", ...header },
      {
        ...{ iss: idp, aud: audience, iat: world.time.seconds, jti: randomIds.id(), sub_id: subject },
        events: { [type]: {} },
        ...claims,
      },
    );
  /** The same of the partner's transmitter. */
  const partnerEvent = (type: string, subject: unknown, claims: object = {}) =>
    event(type, subject, { key: partnerKey, claims: { iss: transmitter, aud: "partner-events", ...claims } });
  const push = async (body: string, call: Partial<Call> = {}) => {
    const reply = await endpoint({
      ...{ method: "POST", url: "https://sig123.lambda-url.eu-west-1.on.aws/events", path: "/events" },
      ...{ contentType: "application/secevent+jwt", dpop: [], requestId: randomIds.id() },
      body,
      ...call,
    });
    return { ...reply, told: reply.body === "" ? undefined : JSON.parse(reply.body) };
  };
  return {
    ...{ world, partnerKey, event, partnerEvent, push, endpoint },
    records: () => world.store.records.map(({ body }) => JSON.parse(body).unmapped.lanyard),
  };
}

export type SignalsWorld = Awaited<ReturnType<typeof openSignals>>;
