import { createRemoteJWKSet, jwtVerify } from "jose";
import { send } from "../../test/kit/wire/http.ts";
import { claimsOf, headerOf } from "../../test/kit/wire/key.ts";
import { eventually, granted, holds, must, object, same, text } from "../expect.ts";
import { ownAccess } from "../flows.ts";
import { type Row, rowsOf } from "../row.ts";
import type { Target } from "../target.ts";

const sessionRevoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

/** The transmitter's configuration. */
const configuration = (target: Target) =>
  target.once("ssf", async () => {
    const answer = await send("GET", `${target.issuer}/.well-known/ssf-configuration`);
    must(answer.status === 200, `the configuration was answered ${answer.status}`);
    return answer.json;
  });

/** Ends a session of the worker's own and waits for the event about it. */
const heard = (target: Target) =>
  target.once("event", async () => {
    const events = target.need("events");
    const token = await ownAccess(target);
    const sid = text(claimsOf(token).sid, "sid");
    granted(await target.ask("revocation", await target.actor("worker"), [["token", token]]));
    const look = async () => events().find((event) => JSON.stringify(claimsOf(event.token).sub_id).includes(sid));
    const { found } = await eventually(look, "no event came");
    return { ...found, sid, token: found.token, of: claimsOf(token) };
  });

const tokenRows = rowsOf("RFC 8417", [
  {
    section: "2.3",
    level: "SHOULD",
    text: "typ is secevent+jwt",
    run: async (target) => same(headerOf((await heard(target)).token).typ, "secevent+jwt", "typ"),
  },
  {
    section: "2.2",
    level: "MUST",
    text: "iss, iat, jti and events are there, aud is the receiver",
    async run(target) {
      const event = await heard(target);
      const claims = claimsOf(event.token);
      same([claims.iss, claims.aud], [target.issuer, event.audience], "iss and aud");
      text(claims.jti, "jti");
      must(Number.isInteger(claims.iat), "iat is missing");
      object(claims.events, "events");
    },
  },
  {
    section: "3",
    level: "MUST",
    text: "The event verifies by the keys of the transmitter's configuration",
    by: "jose",
    async run(target) {
      const { token, audience } = await heard(target);
      const keys = createRemoteJWKSet(new URL(text((await configuration(target)).jwks_uri, "jwks_uri")));
      await jwtVerify(token, keys, { issuer: target.issuer, audience, typ: "secevent+jwt", algorithms: ["RS256"] });
    },
  },
  {
    section: "4.5",
    level: "MUST",
    text: "An event is no access token and its key signs no token: the issuer's key set does not hold it",
    async run(target) {
      const { kid } = headerOf((await heard(target)).token);
      const { json } = await send("GET", text((await target.metadata()).jwks_uri, "jwks_uri"));
      must(!(json.keys as { kid: string }[]).some((key) => key.kid === kid), "it stands at jwks_uri");
    },
  },
]);

const pushRows = rowsOf("RFC 8935", [
  {
    section: "2.1",
    level: "MUST",
    text: "An event is pushed as application/secevent+jwt, one a request",
    async run(target) {
      const { contentType, token } = await heard(target);
      same([contentType, token.split(".").length], ["application/secevent+jwt", 3], "type and parts");
    },
  },
  {
    section: "2.1",
    level: "MUST",
    text: "The push says that it accepts application/json",
    run: async (target) => same((await heard(target)).accept, "application/json", "Accept"),
  },
]);

const sharedSignalsRows = rowsOf("SSF 1.0", [
  {
    section: "7.1",
    level: "MUST",
    text: "The configuration names issuer, jwks_uri, delivery methods and the version",
    async run(target) {
      const said = await configuration(target);
      same([said.issuer, said.spec_version], [target.issuer, "1_0"], "issuer and spec_version");
      must(URL.canParse(text(said.jwks_uri, "jwks_uri")), "jwks_uri is no URL");
      holds(said.delivery_methods_supported, "urn:ietf:rfc:8935", "delivery_methods_supported");
    },
  },
  {
    section: "4.1",
    level: "MUST",
    text: "The subject stands in sub_id at the top; neither sub nor exp is there",
    async run(target) {
      const claims = claimsOf((await heard(target)).token);
      object(claims.sub_id, "sub_id");
      must(!("sub" in claims) && !("exp" in claims), "sub or exp is there");
    },
  },
  {
    section: "3.2",
    level: "MUST",
    text: "A complex subject's members are subjects themselves: the session, and whose it is",
    async run(target) {
      const { token, sid, of } = await heard(target);
      const { format, session, user } = object(claimsOf(token).sub_id, "sub_id");
      same(
        [format, session, user],
        ["complex", { format: "opaque", id: sid }, { format: "iss_sub", iss: target.issuer, sub: of.sub }],
        "sub_id",
      );
    },
  },
]);

const caepRows = rowsOf("CAEP 1.0", [
  {
    section: "3.1",
    level: "MUST",
    text: "The end of a session is one session-revoked event, and no other in the same token",
    async run(target) {
      const { events } = claimsOf((await heard(target)).token);
      same(Object.keys(object(events, "events")), [sessionRevoked], "events");
    },
  },
  {
    section: "2",
    level: "SHOULD",
    text: "It says when, by whom and why",
    async run(target) {
      const { events } = claimsOf((await heard(target)).token);
      const said = object(object(events, "events")[sessionRevoked], "the event");
      must(Number.isInteger(said.event_timestamp), "event_timestamp is missing");
      holds(["admin", "user", "policy", "system"], said.initiating_entity, "initiating entities");
      text(object(said.reason_admin, "reason_admin").en, "reason_admin");
    },
  },
]);

export const securityEventRows: readonly Row[] = [...tokenRows, ...pushRows, ...sharedSignalsRows, ...caepRows];
