import { randomIds } from "../keys.ts";
import { agentId } from "../registry.ts";
import { type TestKey, testKey } from "../wire/key.ts";
import { type Ground, issuer } from "./ground.ts";

/** An agent with a key and an identity token for it. */
export interface TestAgent {
  readonly id: string;
  readonly key: TestKey;
  identity(more?: object, header?: object): string;
}

/** An agent that has attested, as far as its identity tokens tell: each call of `identity` makes a new one. */
export async function newAgent({ time, store, identityKey }: Ground, name: string): Promise<TestAgent> {
  const key = await testKey();
  const id = agentId(name);
  const identity = (more: object = {}, header: object = {}) =>
    identityKey.jws(
      { alg: "ES256", kid: identityKey.jkt, typ: "JWT", ...header },
      {
        iss: issuer,
        sub: id,
        aud: issuer,
        iat: time.seconds,
        exp: time.seconds + 300,
        jti: randomIds.id(),
        cnf: { jkt: key.jkt },
        assurance: "fresh",
        evidence: { type: "aws-sts-web-identity", facts: {} },
        gen: {
          [`agent:${id}`]: store.epochs.get(`agent:${id}`)?.epoch ?? 0,
          deployment: store.deployment?.epoch ?? 0,
        },
        ...more,
      },
    );
  return { id, key, identity };
}
