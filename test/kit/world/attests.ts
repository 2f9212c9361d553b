import { createHmac, randomBytes } from "node:crypto";
import type { Attestor } from "../../../core/attest/contract/attestor.ts";
import type { CodeLookup } from "../../../core/attest/contract/aws.ts";
import { awsStsWebIdentity } from "../../../core/attest/methods/aws-sts-web-identity/attestor.ts";
import { verifyIdentityToken } from "../../../core/caller/identity-token.ts";
import { createAttestEndpoint } from "../../../core/endpoints/attest.ts";
import type { MacSource } from "../../../core/model/ports.ts";
import type { Registration } from "../../../core/model/registry.ts";
import type { Call } from "../../../core/model/wire.ts";
import { type StsChanges, stsIssuer } from "../evidence/sts.ts";
import { randomIds } from "../keys.ts";
import { agent, agentId, inBase } from "../registry.ts";
import { dpopProof, type TestKey, testKey } from "../wire/key.ts";
import { type Ground, issuer } from "./ground.ts";

export const attestUrl = "https://att789.lambda-url.eu-west-1.on.aws/";

/** Minute keys as a KMS HMAC key would make them, counting which were asked for. */
export function testMacs(): MacSource & { asked: number[] } {
  const secret = randomBytes(32);
  const asked: number[] = [];
  const minuteKey = async (minute: number) => {
    asked.push(minute);
    return createHmac("sha256", secret).update(String(minute)).digest();
  };
  return { asked, minuteKey };
}

/** The AWS account that this world's agents run in. */
export const account = "123456789012";
const accountIssuer = "https://11111111-2222-3333-4444-555555555555.tokens.sts.global.api.aws";

/** Who attests: an agent by its key. */
interface Workload {
  readonly id: string;
  readonly key: TestKey;
}

/** What the attest function stands on, where that is not the account below. */
interface Believes {
  readonly attestors?: readonly Attestor[];
  readonly codeLookup?: CodeLookup;
}

/**
 * Attestation in one AWS account, where the planner's function runs.
 * @param believes other evidence than this account's documents, and who knows which code runs
 */
export function attests({ attestors, codeLookup }: Believes = {}) {
  const sts = stsIssuer(accountIssuer, account);
  const rows: readonly Registration[] = [
    agent("planner", {
      ...inBase("agent", "planner"),
      selectors: [{ type: "aws-sts-web-identity", exact: { roleArn: sts.roleArn } }],
    }),
    {
      kind: "trusted-issuer",
      name: "account",
      purpose: "aws-sts",
      issuer: sts.issuer,
      algorithms: ["RS256", "ES384"],
      account,
    },
  ];
  return {
    rows,
    async open({ time, clock, web, signers, ports }: Ground) {
      web.issuer(sts.issuer, [sts.jwk], `${sts.issuer}/.well-known/jwks.json`);
      const planner: Workload = { id: agentId("planner"), key: await testKey() };
      const macs = testMacs();
      const attestDeps = {
        ...ports,
        attestors: attestors ?? [awsStsWebIdentity({ keySets: ports.keySets })],
        ...(codeLookup === undefined ? {} : { codeLookup }),
        signer: signers.identity,
        macs,
      };
      const attestEndpoint = createAttestEndpoint(attestDeps);

      const urlOf = (path: string) => `${attestUrl.slice(0, -1)}${path}`;
      const proofOf = ({ key }: Workload, path: string) =>
        dpopProof(key, { url: urlOf(path), atSeconds: time.seconds });
      const attestCall = (path: string, body: unknown, more: Partial<Call> = {}): Call => ({
        method: "POST",
        url: urlOf(path),
        path,
        contentType: "application/json",
        body: typeof body === "string" ? body : JSON.stringify(body),
        dpop: [proofOf(planner, path)],
        requestId: randomIds.id(),
        ...more,
      });
      const sendAttest = async (sent: Call) => {
        const { status, body, headers } = await attestEndpoint(sent);
        return { status, headers, body: JSON.parse(body) as Record<string, unknown> };
      };
      const challenge = async (by = planner) => {
        const { body } = await sendAttest(attestCall("/challenge", "{}", { dpop: [proofOf(by, "/challenge")] }));
        return String(body.attestation_challenge);
      };
      /** A request that is right in every way, but for what a test changes. */
      const request = async (changes: StsChanges = {}, more: object = {}, by = planner) => {
        const fresh = await challenge(by);
        const tags = { "lanyard-challenge": fresh, "lanyard-jkt": by.key.jkt };
        const token = sts.document(issuer, time.seconds, tags, changes);
        return { agent: by.id, evidence: { type: "aws-sts-web-identity", token }, challenge: fresh, ...more };
      };
      /** Attests; the planner unless somebody else is named. */
      const attest = async (changes: StsChanges = {}, more: object = {}, by = planner) =>
        sendAttest(attestCall("/", await request(changes, more, by), { dpop: [proofOf(by, "/")] }));
      const verify = (token: unknown) => verifyIdentityToken(String(token), { ...ports, clock });
      return {
        sts,
        key: planner.key,
        macs,
        attestDeps,
        attestEndpoint,
        attestCall,
        sendAttest,
        challenge,
        request,
        attest,
        verify,
      };
    },
  };
}

/** What a world with {@link attests} can do. */
export type Attests = Awaited<ReturnType<ReturnType<typeof attests>["open"]>>;
