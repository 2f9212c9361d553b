import { sign } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Attestor, Evidence, Expectation } from "../../../core/attest/contract/attestor.ts";
import type { CodeLookup } from "../../../core/attest/contract/aws.ts";
import { withInstanceIdentity } from "../../../core/attest/formats/instance-identity/beside.ts";
import { awsEc2InstanceIdentity } from "../../../core/attest/methods/aws-ec2-instance-identity/attestor.ts";
import { awsLambdaUrlIam } from "../../../core/attest/methods/aws-lambda-url-iam/attestor.ts";
import { awsNitroEnclave } from "../../../core/attest/methods/aws-nitro-enclave/attestor.ts";
import { awsNitroTpm } from "../../../core/attest/methods/aws-nitro-tpm/attestor.ts";
import { awsStsCallerIdentity } from "../../../core/attest/methods/aws-sts-caller-identity/attestor.ts";
import { awsStsWebIdentity } from "../../../core/attest/methods/aws-sts-web-identity/attestor.ts";
import { ecsTask } from "../../../core/attest/methods/ecs-task/attestor.ts";
import { oidc } from "../../../core/attest/methods/oidc/attestor.ts";
import { spiffeJwtSvid } from "../../../core/attest/methods/spiffe-jwt-svid/attestor.ts";
import { spiffeX509Svid, svidBindingBytes } from "../../../core/attest/methods/spiffe-x509-svid/attestor.ts";
import { createKeySets } from "../../../core/keys/key-sets.ts";
import { createSpiffeBundles } from "../../../core/keys/spiffe-bundles.ts";
import type { TrustedIssuerRegistration } from "../../../core/model/registry.ts";
import { err, ok } from "../../../core/model/result.ts";
import { MemoryWeb } from "../memory/web.ts";
import { testKey } from "../wire/key.ts";
import { callerEvidence, callerIssuer, callerNow, StubSts, xmlAnswer } from "./caller-identity.ts";
import { issue } from "./certificates.ts";
import { spkiOf, testNitro } from "./nitro.ts";
import { stsIssuer } from "./sts.ts";

const account = "123456789012";
const taskId = "0123456789abcdef0123456789abcdef";
const ci = "https://ci.example.com";
const td = "spiffe://one.example";
const vectors = new URL("../../vectors/03-ec2-iid/testca/", import.meta.url);
const text = (file: string): string => readFileSync(new URL(file, vectors), "utf8");

/** What evidence must be bound to. */
type Binding = Pick<Expectation, "challenge" | "jkt">;

/**
 * Every kind of evidence there is, each genuine and each with the attestor that takes it, over one counted network: what
 * holds for all of them is tested for all of them.
 */
export async function everyEvidence() {
  const [key, issuerKey] = await Promise.all([testKey(), testKey()]);
  const web = new MemoryWeb();
  const sts = stsIssuer("https://11111111-2222-3333-4444-555555555555.tokens.sts.global.api.aws", account);
  const published = { ...issuerKey.jwk, kid: "k" };
  const root = issue({ subject: "root", ca: true });
  const leaf = issue({ uris: [`${td}/ns/billing`] }, root);
  web.issuer(sts.issuer, [sts.jwk], `${sts.issuer}/.well-known/jwks.json`);
  web.issuer(ci, [{ ...published, alg: "ES256", use: "sig" }]);
  const x509 = { use: "x509-svid", kty: "EC", x5c: [root.der.toString("base64")] };
  web.put("https://bundles.one.example/bundle", {
    keys: [{ ...published, use: "jwt-svid" }, x509],
    spiffe_sequence: 1,
  });
  const relay = new StubSts();
  const session = `assumed-role/Planner/${taskId}`;
  relay.answer = ok(xmlAnswer(`arn:aws:sts::${account}:${session}`, `AROAIIRR6I5NDJBWMIRQQ:${taskId}`));
  const foreign = { fetcher: web, clock: { nowMillis: () => callerNow * 1000 }, ownIssuer: callerIssuer };
  const [keySets, bundles] = [createKeySets(foreign), createSpiffeBundles(foreign)];
  const nitro = testNitro();
  const ec2 = { certificates: new Map([["us-test-1", text("us-test-1.pem").replaceAll(/-----[^-]+-----|\s/g, "")]]) };
  const partition = "aws";
  const attestors: readonly Attestor[] = [
    withInstanceIdentity(awsStsWebIdentity({ keySets }), ec2),
    withInstanceIdentity(awsStsCallerIdentity({ relay, partition }), ec2),
    awsEc2InstanceIdentity({ ...ec2, allowAlone: true }),
    awsLambdaUrlIam({ partition }),
    awsNitroEnclave(nitro),
    awsNitroTpm(nitro),
    ecsTask({ relay, partition, lookup }),
    oidc({ keySets }),
    spiffeJwtSvid({ bundles }),
    spiffeX509Svid({ bundles }),
  ];
  const times = { iat: callerNow, exp: callerNow + 300 };
  const document = ({ challenge }: Binding, more: object) => {
    const bound = { nonce: Buffer.from(challenge), public_key: spkiOf(key), user_data: Buffer.from(callerIssuer) };
    return nitro.document(bound, more).toString("base64");
  };
  const caller = ({ challenge, jkt }: Binding, more: Readonly<Record<string, unknown>>) =>
    callerEvidence({ headers: { "lanyard-challenge": challenge, "lanyard-jkt": jkt }, more });
  const makers: Readonly<Record<string, (bound: Binding) => Omit<Evidence, "type">>> = {
    "aws-sts-web-identity": ({ challenge, jkt }) => ({
      token: sts.document(callerIssuer, callerNow, { "lanyard-challenge": challenge, "lanyard-jkt": jkt }),
    }),
    "aws-sts-caller-identity": (bound) => caller(bound, {}),
    "aws-ec2-instance-identity": () => ({ pkcs7: text("T01-good-no-certs.pkcs7.b64") }),
    "aws-lambda-url-iam": ({ jkt }) => ({ "lanyard-jkt": jkt }),
    "aws-nitro-enclave": (bound) => ({ document: document(bound, {}) }),
    "aws-nitro-tpm": (bound) => ({ document: document(bound, { pcrsAs: "nitrotpm_pcrs" }) }),
    "ecs-task": (bound) => caller(bound, { cluster: "agents" }),
    oidc: () => ({
      token: issuerKey.jws({ alg: "ES256", kid: "k" }, { iss: ci, sub: "job:build", aud: callerIssuer, ...times }),
    }),
    "spiffe-jwt-svid": () => ({
      token: issuerKey.jws({ alg: "ES256", kid: "k" }, { sub: `${td}/ns/billing`, aud: callerIssuer, ...times }),
    }),
    "spiffe-x509-svid": (bound) => ({
      chain: [leaf.der.toString("base64")],
      signature: sign("sha256", svidBindingBytes({ ...bound, issuer: callerIssuer }), leaf.privateKey).toString(
        "base64",
      ),
    }),
  };
  return {
    /** The agent's key, which a document that carries one carries. */
    key,
    attestors,
    /** Registrations of the issuers behind them. */
    issuers,
    /** By the platform's word, of whoever calls the URL that IAM guards. */
    platformCaller: { arn: `arn:aws:sts::${account}:${session}`, userId: `AROAIIRR6I5NDJBWMIRQQ:${taskId}`, account },
    /** Genuine evidence of a kind, made for this request. */
    make: (type: string, bound: Binding): Evidence => ({ ...makers[type]?.(bound), type }),
    /** How often anybody outside was asked. */
    asked: () => web.asked.length + relay.sent.length,
  };
}

const trusted = (more: Omit<TrustedIssuerRegistration, "kind" | "algorithms">): TrustedIssuerRegistration => ({
  kind: "trusted-issuer",
  algorithms: ["ES256", "ES384"],
  ...more,
});
const issuers: readonly TrustedIssuerRegistration[] = [
  trusted({
    name: "account",
    purpose: "aws-sts",
    issuer: "https://11111111-2222-3333-4444-555555555555.tokens.sts.global.api.aws",
    account,
  }),
  trusted({ name: "ci", purpose: "workload", issuer: ci }),
  trusted({ name: "one", purpose: "spiffe", issuer: td, jwksUri: "https://bundles.one.example/bundle" }),
];

const lookup: CodeLookup = {
  functionVersion: async () => err({ why: "missing", detail: "not asked for" }),
  role: async () => {
    const trust = { Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" };
    const trustPolicy = encodeURIComponent(JSON.stringify({ Version: "2012-10-17", Statement: [trust] }));
    return ok({ arn: `arn:aws:iam::${account}:role/agents/Planner`, uniqueId: "AROAIIRR6I5NDJBWMIRQQ", trustPolicy });
  },
  task: async () => {
    const arn = (what: string) => `arn:aws:ecs:eu-west-1:${account}:${what}`;
    return ok({
      arn: arn(`task/agents/${taskId}`),
      clusterArn: arn("cluster/agents"),
      taskDefinitionArn: arn("task-definition/planner:7"),
      lastStatus: "RUNNING",
      containers: [{ name: "agent", imageDigest: `sha256:${"a".repeat(64)}` }],
    });
  },
};
