import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { AccessError, createResourceServer, type ResourceServer } from "../../../client/verify.ts";
import { limits } from "../../../core/model/limits.ts";
import { asOfferTo, asSession, exchange } from "../../kit/wire/forms.ts";
import { claimsOf, dpopProof, headerOf, sha256, testKey } from "../../kit/wire/key.ts";
import { order } from "./authority.ts";
import { type Actor, granted, type Lab, openSession } from "./lab.ts";
import { vault } from "./registry.ts";

/** An access token and whose proof goes with it. */
interface Held {
  readonly by: Actor;
  readonly token: string;
}

const typ = "lanyard-cuts+jwt";
const name = "condemned";

/** The document of cuts as it is served, and a resource server that knows nothing but the issuer's addresses. */
export function cutsOffline(lab: () => Lab): void {
  const issuer = () => lab().world.endpoints.issuer;
  const address = () => `${issuer()}/status/cuts`;
  /** By what docs/revocation.md says, and not by our own code. */
  const nameOf = (subject: string) => sha256(["lanyard-cuts-v1", issuer(), subject].join("\0")).slice(0, 22);
  const served = async (url: string) => (await fetch(url)).text();
  const published = async () => decodeJwt<{ cuts: Record<string, number>; version: number }>(await served(address()));

  /** Guards the vault offline; what `instead` gives for an address is taken for its answer. */
  const guard = (instead: (url: string) => string | undefined = () => undefined): ResourceServer =>
    createResourceServer({
      issuer: issuer(),
      resource: vault,
      mode: "offline",
      fetch: async (input, init) => {
        const body = instead(String(input));
        return body === undefined ? fetch(input, init) : new Response(body);
      },
    });
  /** What becomes of a request with a proof of its own. */
  async function outcome(server: ResourceServer, { by, token }: Held) {
    const url = `${vault}/boxes`;
    const proof = dpopProof(by.key, { method: "GET", url, accessToken: token });
    const headers = { authorization: `DPoP ${token}`, dpop: proof };
    try {
      await server.authenticate({ method: "GET", url, headers });
      return "accepted";
    } catch (thrown) {
      if (!(thrown instanceof AccessError)) throw thrown;
      return thrown.code;
    }
  }
  const outcomes = (server: ResourceServer, all: readonly Held[]) =>
    Promise.all(all.map((one) => outcome(server, one)));

  const accessOf = async (by: Actor, session: string): Promise<Held> => ({
    by,
    token: granted(await lab().token(by, [...exchange("session", session), ["resource", vault]])),
  });
  /** A session of a fresh person's that is handed on to `to`: an access token of each of the two. */
  async function handedOn(to: Actor) {
    const { opener, token } = await openSession(lab());
    const offered = [...asOfferTo(to.id), ["resource", vault], ["scope", "vault:read"]] as const;
    const offer = granted(await lab().token(opener, [...exchange("session", token), ...offered]));
    const child = granted(await lab().token(to, [...exchange("offer", offer), ...asSession]));
    return { above: await accessOf(opener, token), below: await accessOf(to, child) };
  }
  const several = async (to: Actor) => {
    const pairs = await Promise.all([1, 2, 3, 4].map(() => handedOn(to)));
    return { above: pairs.map((pair) => pair.above), below: pairs.map((pair) => pair.below) };
  };

  const listOf = ({ token }: Held): string =>
    (claimsOf(token).status as { status_list: { uri: string } }).status_list.uri;
  const every = (code: string, of: readonly Held[]) => of.map(() => code);

  describe("threat 26: the document of cuts, as it is served", () => {
    it("refuses every token of a revoked agent within its ttl, by no bit, and none but these once it is lifted", async () => {
      const agent = lab().idOf(name);
      const epoch = async () => (await published()).cuts[nameOf(`agent:${agent}`)] ?? 0;
      const { above, below } = await several(await lab().actor(name, await testKey()));
      const whole = guard();
      // a list from before the cut is good for a minute yet: by its bits nothing is over
      const lists = new Map<string, string>();
      for (const one of below) lists.set(listOf(one), await served(listOf(one)));
      const blind = guard((url) => lists.get(url));
      const servers = [blind, whole];
      for (const server of servers) {
        const all = [...below, ...above];
        expect(await outcomes(server, all)).toEqual(every("accepted", all));
      }

      const before = await epoch();
      await order(lab(), { revoke: { agent }, reason: "condemned" });
      await expect.poll(epoch).toBeGreaterThan(before);
      // who asks later than this holds no document from before, however slow the machine is
      const overMillis = performance.now() + limits.statusListTtlSeconds * 1000;
      const late: string[] = [];
      const seenBy = async (server: ResourceServer) => {
        const isLate = performance.now() >= overMillis;
        const seen = await outcomes(server, below);
        if (isLate) late.push(...seen);
        return seen;
      };
      for (const server of servers) {
        const isOver = async () => (await seenBy(server)).every((code) => code === "session_cut");
        await expect.poll(async () => (await isOver()) || late.includes("accepted")).toBe(true);
        expect(late).not.toContain("accepted");
      }
      expect(await outcomes(whole, above)).toEqual(every("accepted", above));

      await order(lab(), { lift: { agent }, reason: "pardoned" });
      const after = await several(await lab().actor(name, await testKey()));
      for (const server of [whole, guard()])
        expect(await outcomes(server, after.below)).toEqual(every("accepted", after.below));
      for (const server of [...servers, guard()])
        expect(await outcomes(server, below)).toEqual(every("session_cut", below));
    });

    it("is a signed JWT to any standard library, of its own type and address, and names the agent's hash", async () => {
      const agent = lab().idOf(name);
      await order(lab(), { revoke: { agent }, reason: "condemned", cutOnly: true });
      await expect.poll(async () => Object.keys((await published()).cuts)).toContain(nameOf(`agent:${agent}`));
      const metadata = (await (await fetch(`${issuer()}/.well-known/oauth-authorization-server`)).json()) as {
        lanyard_cuts_uri: string;
        jwks_uri: string;
      };
      expect(metadata.lanyard_cuts_uri).toBe(address());
      const keys = createRemoteJWKSet(new URL(metadata.jwks_uri));
      const answer = await fetch(metadata.lanyard_cuts_uri);
      expect(answer.headers.get("content-type")).toBe(`application/${typ}`);
      expect(answer.headers.get("cache-control")).toBe("public, max-age=2");
      const document = await answer.text();
      const { payload } = await jwtVerify(document, keys, { issuer: issuer(), subject: address(), typ });
      expect(payload).toMatchObject({ ttl: limits.statusListTtlSeconds, version: expect.any(Number) });
      expect(Number(payload.exp) - Number(payload.iat)).toBe(limits.statusListLifeSeconds);
      const cuts = payload.cuts as Record<string, number>;
      expect(cuts[nameOf(`agent:${agent}`)]).toBeGreaterThan(0);
      // by hashes alone: who may fetch it learns of no agent or person that he does not know
      for (const named of Object.keys(cuts)) expect(named).toMatch(/^[\w-]{22}$/);
      await expect(jwtVerify(document, keys, { typ: "statuslist+jwt" })).rejects.toThrow(/typ/);
      await expect(jwtVerify(document, keys, { typ: "at+jwt" })).rejects.toThrow(/typ/);
    });

    it("is taken for no status list, nor a status list for it, at the other's address", async () => {
      const { opener, token } = await openSession(lab());
      const held = await accessOf(opener, token);
      const [list, document] = await Promise.all([served(listOf(held)), served(address())]);
      // both are the status key's
      expect(headerOf(list).kid).toBe(headerOf(document).kid);
      expect(await outcome(guard(), held)).toBe("accepted");
      const asDocument = guard((url) => (url === address() ? list : undefined));
      expect(await outcome(asDocument, held)).toBe("cuts_unavailable");
      const asList = guard((url) => (url === listOf(held) ? document : undefined));
      expect(await outcome(asList, held)).toBe("status_unavailable");
    });
  });
}
