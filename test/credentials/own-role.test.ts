import { describe, expect, it } from "vitest";
import { createTokenEndpoint } from "../../core/endpoints/token.ts";
import {
  accessTokenType,
  awsTokenType,
  idTokenType,
  sessionTokenType,
  spiffeAssertionType,
  tokenExchangeGrant,
} from "../../core/model/wire.ts";
import { dpopProof } from "../kit/wire/key.ts";
import { tokens, tokenUrl } from "../kit/world/tokens.ts";
import { createWorld } from "../kit/world/world.ts";
import {
  accessOf,
  awsRole,
  files,
  lastDenial,
  lastRecord,
  openSession,
  planner,
  researcher,
  roleArn,
  rowsWith,
  setUp,
  vend,
  world,
} from "./ground.ts";

const own = awsRole("files", { exclusive: true, agents: ["planner"] });
setUp(own);

const ask = (by: typeof planner, session: string, params = {}, options = {}) =>
  world.send(
    "token",
    by,
    {
      grant_type: tokenExchangeGrant,
      subject_token: session,
      subject_token_type: sessionTokenType,
      requested_token_type: awsTokenType,
      resource: files,
      ...params,
    },
    options,
  );
const part = (token: string, at: number) => JSON.parse(Buffer.from(token.split(".")[at] ?? "", "base64url").toString());
const tokenOf = async (by: typeof planner, session: string, params = {}): Promise<string> => {
  const { status, body } = await ask(by, session, params);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body.access_token;
};

describe("a token for AWS STS", () => {
  it("says who the agent is, which role it is for, and which session it is of, and nothing that a caller chose", async () => {
    const session = await openSession(planner, { purpose: "a purpose" });
    const { status, body } = await ask(planner, session);
    const { sid, root, sub } = part(session, 1);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      issued_token_type: awsTokenType,
      token_type: "N_A",
      expires_in: 60,
      aws: { role_arn: roleArn, role_session_name: sid },
    });
    expect(part(body.access_token, 0)).toEqual({ alg: "ES256", kid: expect.any(String), typ: "JWT" });
    const claims = part(body.access_token, 1);
    expect(claims).toEqual({
      iss: expect.stringMatching(/^https:/),
      aud: "sts.amazonaws.com",
      sub: planner.id,
      iat: world.time.seconds,
      exp: world.time.seconds + 60,
      jti: expect.any(String),
      "https://aws.amazon.com/tags": {
        principal_tags: {
          "lanyard-session": [sid],
          "lanyard-tree": [root],
          "lanyard-agent": [planner.id],
          "lanyard-principal": [sub],
          "lanyard-role": [roleArn],
          "lanyard-token": [claims.jti],
        },
        transitive_tag_keys: ["lanyard-session", "lanyard-tree", "lanyard-agent", "lanyard-principal"],
      },
      "https://aws.amazon.com/source_identity": `lyd.${root}.${sid}`,
    });
  });

  it("is on record by what CloudTrail says of it, and never itself", async () => {
    const session = await openSession(planner);
    const token = await tokenOf(planner, session);
    const { jti, iss } = part(token, 1);
    expect(lastRecord()).toMatchObject({
      operation: "credentials.token",
      outcome: "allowed",
      jti,
      token_type: "Bearer",
      aws_role: "files",
      aws_role_arn: roleArn,
      aws_token: `arn:aws:iam::111122223333:oidc-provider/${iss.slice("https://".length)}#${jti}`,
      expires_at: (world.time.seconds + 60 + 3_600) * 1000,
    });
    expect(JSON.stringify(world.store.records)).not.toContain(token.split(".")[2]);
  });

  it("leaves beside its session until when credentials that are got by it may live, and when the session ends", async () => {
    const session = await openSession(planner);
    await tokenOf(planner, session);
    const { sid, root, exp } = part(session, 1);
    expect([...world.store.vends.values()]).toEqual([
      {
        ...{ root, sid, agent: planner.id, role: "files", arn: roleArn, account: "111122223333" },
        endsAtSeconds: world.time.seconds + 60 + 3_600,
        sessionEndsAtSeconds: exp,
      },
    ]);
  });

  it("never outlives the session, so that no credentials are begun after its end", async () => {
    const session = await openSession(planner);
    world.time.seconds = part(session, 1).exp - 20;
    const token = await tokenOf(planner, session);
    expect(part(token, 1).exp).toBe(part(session, 1).exp);
    world.time.seconds += 16;
    expect((await ask(planner, session)).status).toBe(400);
    expect(lastDenial()).toBe("session_ending");
  });

  it("comes after one transaction and a second look, and costs a refusal no signature", async () => {
    const session = await openSession(planner);
    world.store.calls.length = 0;
    await tokenOf(planner, session);
    expect(world.store.calls.filter((call) => ["readLiveness", "commit"].includes(call))).toEqual([
      ...["readLiveness", "commit", "readLiveness"],
    ]);
    const { signatures } = world.signers.session;
    await ask(planner, session, { scope: "files:read" });
    expect(world.signers.session.signatures).toBe(signatures);
  });
});

describe("threat 10: a whole role is for nobody but", () => {
  it.each([
    ["a session that holds all its scopes", { scope: "files:read" }, {}, "aws_role_wider"],
    ["a request for all of them", {}, { scope: "files:read" }, "aws_role_wider"],
    [
      "a session without a detail",
      { authorization_details: JSON.stringify([{ type: "file-folder", folder: "case-7" }]) },
      {},
      "aws_role_wider",
    ],
    [
      "a request without a detail",
      {},
      { authorization_details: JSON.stringify([{ type: "file-folder", folder: "case-7" }]) },
      "aws_role_wider",
    ],
    ["a role of the agent", {}, { role: "another" }, "aws_role_missing"],
    ["a life that is no longer", {}, { lifetime_seconds: "61" }, "lifetime_exceeds"],
  ])("%s", async (_, opened, asked, code) => {
    const session = await openSession(planner, opened);
    const { status } = await ask(planner, session, asked);
    expect([status, lastDenial(), world.store.vends.size]).toEqual([400, code, 0]);
  });

  it("the agent that it is registered for as its own", async () => {
    const session = await openSession(researcher);
    expect((await ask(researcher, session)).status).toBe(400);
    expect(lastDenial()).toBe("aws_role_missing");
  });

  it("a session whose uses nobody counts (threat 24)", async () => {
    const session = await openSession(planner);
    const { status } = await ask(planner, session, { max_uses: "1" });
    expect(status).toBe(400);
    expect(world.store.vends.size).toBe(0);
  });

  it("the session's own agent, with the session's own key", async () => {
    const session = await openSession(planner);
    expect((await ask(researcher, session)).status).toBe(400);
    expect((await ask(await world.newAgent("planner"), session)).status).toBe(400);
    expect(world.store.vends.size).toBe(0);
  });

  it.each(["urn:ietf:params:oauth:token-type:access_token", "urn:ietf:params:oauth:token-type:id_token"])(
    "whoever shows a session token, and no %s",
    async (subject_token_type) => {
      const session = await openSession(planner);
      expect((await ask(planner, session, { subject_token_type })).body.error).toBe("invalid_request");
    },
  );

  it("a session that lives (threat 6), also when it dies after the token was stored", async () => {
    const session = await openSession(planner);
    const { commit } = world.store;
    world.store.commit = async (write) => {
      const stored = await commit.call(world.store, write);
      world.store.raise(`agent:${planner.id}`, false, world.time.seconds);
      return stored;
    };
    const { status, body } = await ask(planner, session);
    world.store.commit = commit;
    expect([status, lastDenial(), body.access_token]).toEqual([400, "died_in_flight", undefined]);
    // whoever stops it in AWS finds what was signed
    expect(world.store.vends.size).toBe(1);
    expect((await ask(planner, session)).status).toBe(400);
  });

  it("a request that comes for the first time", async () => {
    const session = await openSession(planner);
    const proof = dpopProof(planner.key, { url: tokenUrl, atSeconds: world.time.seconds });
    const answers = await Promise.all([ask(planner, session, {}, { proof }), ask(planner, session, {}, { proof })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
  });

  it("an agent within its rate, which counts with its credentials", async () => {
    const session = await openSession(planner);
    world.limiter.allowed = false;
    expect((await ask(planner, session)).body.error).toBe("slow_down");
    expect(lastRecord().denial?.of ?? world.aggregated.at(-1)?.denial).toBeDefined();
  });

  it("one resource", async () => {
    const session = await openSession(planner);
    for (const resource of [undefined, [files, "https://tickets.example"]])
      expect((await ask(planner, session, { resource })).status).toBe(400);
  });
});

describe("threat 14: a token for AWS STS is good for nothing here", () => {
  it("as no subject, assertion or actor, and to nobody who asks about it", async () => {
    const token = await tokenOf(planner, await openSession(planner));
    const wanted = { resource: files, scope: "files:read" };
    for (const type of [sessionTokenType, accessTokenType, idTokenType])
      expect((await world.exchange(planner, token, type, wanted)).status, type).toBe(400);
    expect((await vend(planner, token)).status).toBe(400);
    const session = await openSession(planner);
    const use = { subject_token: session, subject_token_type: sessionTokenType, ...wanted };
    const grant = { grant_type: tokenExchangeGrant, ...use };
    expect((await world.send("token", planner, { ...grant, client_assertion: token })).status).toBe(401);
    const actor = { actor_token: token, actor_token_type: "urn:ietf:params:oauth:token-type:jwt" };
    expect((await world.send("token", planner, { ...grant, ...actor })).status).toBe(400);
    expect((await world.send("introspect", await world.newAgent("customer-api"), { token })).body).toEqual({
      active: false,
    });
    expect((await world.send("token", planner, grant)).status).toBe(200);
  });

  it("and no other token of ours is for AWS", async () => {
    const session = await openSession(planner);
    const others = [session, planner.identity(), await accessOf(planner, session, files)];
    for (const other of others) expect(part(other, 1).aud).not.toContain("amazonaws");
  });
});

describe("threat 10: a role that several may have", () => {
  const shared = awsRole("files");

  it("is taken by nobody by himself, though each may have his session's part of it", async () => {
    const { send, newAgent } = await createWorld(rowsWith(shared), tokens);
    const by = await newAgent("researcher");
    const opened = await send("token", by, {
      grant_type: "client_credentials",
      resource: files,
      scope: "files:read files:write",
      requested_token_type: sessionTokenType,
    });
    const { status, body } = await send("token", by, {
      grant_type: tokenExchangeGrant,
      subject_token: opened.body.access_token,
      subject_token_type: sessionTokenType,
      requested_token_type: awsTokenType,
      resource: files,
    });
    expect([status, body.error]).toEqual([400, "invalid_target"]);
  });
});

it("is given where the stage says so, and nowhere else", async () => {
  const session = await openSession(planner);
  const { awsAccounts: _, ...elsewhere } = world.deps;
  const endpoint = createTokenEndpoint(elsewhere);
  const body = new URLSearchParams({
    client_assertion_type: spiffeAssertionType,
    client_assertion: planner.identity(),
    grant_type: tokenExchangeGrant,
    subject_token: session,
    subject_token_type: sessionTokenType,
    requested_token_type: awsTokenType,
    resource: files,
  }).toString();
  const proof = dpopProof(planner.key, { url: tokenUrl, atSeconds: world.time.seconds });
  const reply = await endpoint(world.call(body, [proof]));
  expect([reply.status, lastDenial()]).toEqual([400, "aws_token_off"]);
});
