import { expect, it } from "vitest";
import { dpopProof, type TestKey, testKey } from "../../kit/wire/key.ts";
import { type bootRelease, write } from "./booted.ts";

type Booted = Awaited<ReturnType<typeof bootRelease>>;
type Headers = Readonly<Record<string, string>>;

/** People who decide by a token of their provider, on the booted deployment; the stage demands nonces in their proofs. */
export function approvesByToken(
  booted: () => Booted,
  asks: (planner: ReturnType<Booted["planner"]>, lifetimeSeconds: number) => Promise<string>,
): void {
  const base = () => booted().world.endpoints.approveToken;
  const urlOf = (id: string) => `${base()}/approvals/${id}`;
  async function send(url: string, headers: Headers, content?: object) {
    const body = content && JSON.stringify(content);
    const method = body ? "POST" : "GET";
    const sent = { ...headers, ...(body && { "content-type": "application/json" }) };
    const reply = await fetch(url, { method, headers: sent, ...(body && { body }) });
    const [nonce, challenge] = [reply.headers.get("dpop-nonce") ?? "", reply.headers.get("www-authenticate") ?? ""];
    return { status: reply.status, body: (await reply.json()) as Record<string, unknown>, nonce, challenge };
  }
  const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });
  const signIn = (person: string) => booted().world.provider.signInAs("approvals", person);
  /** What waits, by its digest. */
  const yesTo = async (id: string) => {
    const seen = await send(urlOf(id), bearer((await signIn("barbara")).id_token));
    expect([seen.status, seen.body.state]).toEqual([200, "open"]);
    return { verdict: "approve", shown: seen.body.digest };
  };
  /** An access token that the provider bound to a key, and how it is shown. */
  async function bound(key: TestKey) {
    const prove = ({ url }: { readonly url: string }) => dpopProof(key, { url });
    const at = { resource: booted().world.endpoints.issuer, scope: "delegate", prove };
    const { access_token: accessToken } = await booted().world.provider.signInAs("approvals", "barbara", at);
    return (url: string, nonce?: string, by = key): Headers => ({
      authorization: `DPoP ${accessToken}`,
      dpop: dpopProof(by, { url, nonce, accessToken }),
    });
  }
  /** Frees the place of what waits: an agent has five. */
  const refuse = async (id: string, yes: object) => {
    const said = await send(urlOf(id), bearer((await signIn("barbara")).id_token), { ...yes, verdict: "refuse" });
    expect(said.status).toBe(200);
  };
  const stillWaits = async (planner: ReturnType<Booted["planner"]>, id: string) =>
    expect(await planner.redeem(id).catch((error: unknown) => error)).toMatchObject({ code: "approval_pending" });

  it("a person approves by a sign-in of this moment at the client for approvals, and it is released", async () => {
    const planner = booted().planner();
    const id = await asks(planner, 160);
    const listed = await send(`${base()}/approvals`, bearer((await signIn("barbara")).id_token));
    expect(listed.body).toMatchObject({ groups: ["people/release"] });
    expect(JSON.stringify(listed.body)).toContain(id);
    const said = await send(urlOf(id), bearer((await signIn("barbara")).id_token), await yesTo(id));
    expect(said).toMatchObject({ status: 200, body: { approvals: 1, needed: 1 } });
    const session = await planner.redeem(id);
    expect((await session.accessToken(write[0]?.resource ?? "")).scopes).toEqual(["tickets:write"]);
  });

  it("a person approves by a token bound to a key, with the nonce that the first answer brings", async () => {
    const planner = booted().planner();
    const id = await asks(planner, 170);
    const [show, yes] = [await bound(await testKey()), await yesTo(id)];
    const first = await send(urlOf(id), show(urlOf(id)), yes);
    expect(first).toMatchObject({ status: 401, body: { error: "use_dpop_nonce" } });
    expect(first.challenge).toMatch(/^DPoP error="use_dpop_nonce"/);
    expect(await send(urlOf(id), show(urlOf(id), first.nonce), yes)).toMatchObject({ status: 200 });
    expect((await planner.redeem(id)).root).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  it("threat 9: a proof decides once, at the address it is for, by the key of its token, and never as a bearer token", async () => {
    const planner = booted().planner();
    const [id, other] = [await asks(planner, 180), await asks(planner, 190)];
    const [show, yes, yesToOther] = [await bound(await testKey()), await yesTo(id), await yesTo(other)];
    const { nonce } = await send(urlOf(id), show(urlOf(id)), yes);
    const proved = show(urlOf(id), nonce);
    const thief = show(urlOf(other), nonce, await testKey());
    const { authorization = "" } = proved;
    const alone = { authorization: authorization.replace("DPoP", "Bearer") };
    const unbound = { ...proved, authorization: `DPoP ${(await signIn("barbara")).id_token}` };
    expect((await send(urlOf(id), proved, yes)).status).toBe(200);
    for (const [url, headers, said] of [
      [urlOf(id), proved, yes],
      [urlOf(other), proved, yesToOther],
      [urlOf(other), thief, yesToOther],
      [urlOf(other), { authorization }, yesToOther],
      [urlOf(other), alone, yesToOther],
      [urlOf(other), unbound, yesToOther],
    ] as const)
      expect((await send(url, headers, said)).body.error).toMatch(/^(invalid_dpop_proof|approval_decided)$/);
    await stillWaits(planner, other);
    await refuse(other, yesToOther);
  });

  it("threat 58: no agent decides by what it holds: its identity, its session's token, the person's token it works with", async () => {
    const planner = booted().planner();
    const id = await asks(planner, 200);
    const yes = await yesTo(id);
    const { token: identity } = await planner.agent.identity();
    const idToken = await booted().signIn();
    const read = [{ resource: write[0]?.resource ?? "", scopes: ["tickets:read"] }];
    const session = await planner.agent.open({ onBehalfOf: { idToken }, grants: read });
    const { token } = await session.accessToken(read[0]?.resource ?? "");
    const working = await booted().signIn();
    for (const one of [identity, token, working]) {
      for (const scheme of ["Bearer", "DPoP"]) {
        const reply = await send(urlOf(id), { authorization: `${scheme} ${one}` }, yes);
        expect([400, 401, 403]).toContain(reply.status);
      }
    }
    await stillWaits(planner, id);
    await refuse(id, yes);
  });

  it("threat 58: a sign-in of six minutes ago decides nothing as a bearer token, nor one that lies ahead, nor who is of no group", async () => {
    const planner = booted().planner();
    const id = await asks(planner, 210);
    const yes = await yesTo(id);
    const { elsewhere } = booted();
    const now = Math.floor(Date.now() / 1000);
    const shown = async (claims: object) =>
      send(urlOf(id), bearer(await elsewhere.idToken({ groups: ["release"], ...claims })), yes);
    for (const claims of [{ auth_time: now - 360 }, { auth_time: now + 360 }, { auth_time: undefined }]) {
      const old = await shown(claims);
      expect(old).toMatchObject({ status: 401, body: { error: "insufficient_user_authentication" } });
      expect(old.challenge).toContain("max_age=300");
    }
    // signed in at this moment, but of another provider's group of that name: as if nothing waited
    expect(await shown({ auth_time: now })).toMatchObject({ status: 404 });
    expect(await shown({ auth_time: now, aud: "planner-app" })).toMatchObject({ status: 403 });
    expect((await send(urlOf(id), bearer((await signIn("grace")).id_token), yes)).status).toBe(404);
    await stillWaits(planner, id);
  });
}
