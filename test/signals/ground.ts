import { createSignalsEndpoint } from "../../core/endpoints/signals.ts";
import type { Registration } from "../../core/model/registry.ts";
import type { Call } from "../../core/model/wire.ts";
import { randomIds } from "../kit/keys.ts";
import { memoryReports } from "../kit/memory/epochs.ts";
import { idp, inBase } from "../kit/registry.ts";
import { sha256, type TestKey, testKey } from "../kit/wire/key.ts";
import { tokens } from "../kit/world/tokens.ts";
import { createWorld } from "../kit/world/world.ts";

export const audience = "lanyard-events";
export const transmitter = "https://signals.people.example";
const keysAt = "https://signals.people.example/keys";

export const risc = (name: string) => `https://schemas.openid.net/secevent/risc/event-type/${name}`;
export const caep = (name: string) => `https://schemas.openid.net/secevent/caep/event-type/${name}`;
export const ssf = (name: string) => `https://schemas.openid.net/secevent/ssf/event-type/${name}`;
export const person = (sub: string, iss = idp) => ({ format: "iss_sub", iss, sub });

/** Of the people's SCIM client, and of the partner's. */
export const scimToken = `lys_${"a".repeat(43)}`;
export const partnerToken = `lys_${"b".repeat(43)}`;

const people = inBase("trusted-issuer", "people");
/** A provider that signs its events by its own keys, and a partner's whose transmitter is another issuer. */
export const rows: readonly Registration[] = [
  { ...people, events: { audience }, scim: { tokenSha256: [sha256(scimToken)] } },
  {
    ...inBase("trusted-issuer", "partners"),
    events: { audience: "partner-events", issuer: transmitter, jwksUri: keysAt },
    scim: { tokenSha256: [sha256("replaced"), sha256(partnerToken)], subject: "userName" },
  },
];

const at = "https://sig123.lambda-url.eu-west-1.on.aws";

interface ScimCall {
  readonly token?: string;
  readonly contentType?: string;
}

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
  const send = async (call: Partial<Call>, authorization?: string) => {
    const { path = "/events" } = call;
    const usual = { method: "POST", url: `${at}${path}`, path, contentType: undefined, body: "", dpop: [] };
    const reply = await endpoint({ ...usual, requestId: randomIds.id(), ...call }, authorization);
    return { ...reply, told: reply.body === "" ? undefined : JSON.parse(reply.body) };
  };
  const push = (body: string, call: Partial<Call> = {}) =>
    send({ contentType: "application/secevent+jwt", body, ...call });
  /** A call of a SCIM client; the body is an object, or text as it is sent. */
  const scim = (method: string, path: string, body?: unknown, more: ScimCall = {}) => {
    const [place = "", query] = path.split("?");
    const text = body === undefined || typeof body === "string" ? (body ?? "") : JSON.stringify(body);
    const said = { method, path: `/scim/v2/${place}`, body: text, ...(query === undefined ? {} : { query }) };
    const { token = scimToken, contentType = "application/scim+json" } = more;
    return send({ ...said, contentType }, token === "" ? undefined : `Bearer ${token}`);
  };
  return {
    ...{ world, partnerKey, event, partnerEvent, push, scim },
    records: () => world.store.records.map(({ body }) => JSON.parse(body).unmapped.lanyard),
  };
}

export type SignalsWorld = Awaited<ReturnType<typeof openSignals>>;
