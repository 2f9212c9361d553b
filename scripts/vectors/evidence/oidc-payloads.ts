import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { z } from "zod";
import { type Evaluated, topic } from "../document.ts";
import { billingAgent, evaluateOidc, type OidcRules } from "./oidc.ts";

const payload = z.looseObject({
  iss: z.string(),
  sub: z.string(),
  iat: z.number(),
  aud: z.union([z.string(), z.array(z.string())]),
});
const sample = z.looseObject({ source: z.string(), payload });
const shape = z.strictObject({ github: sample, kubernetes: sample });

type Samples = z.infer<typeof shape>;

/** What a registration would hold such workloads to. */
function rulesOf({ github, kubernetes }: Samples): OidcRules {
  const own = github.payload as Readonly<Record<string, unknown>>;
  const names = ["repository_id", "repository_owner_id", "ref", "environment", "job_workflow_ref"];
  const pod = (kubernetes.payload["kubernetes.io"] ?? {}) as { namespace?: string; serviceaccount?: { name?: string } };
  return {
    github: Object.fromEntries(names.map((name) => [name, String(own[name])])),
    kubernetes: { namespace: String(pod.namespace), serviceaccount: String(pod.serviceaccount?.name) },
  };
}

/** Signs the payload by a key of its issuer, made here, and attests it. */
async function evaluate(samples: Samples, of: keyof Samples): Promise<Evaluated> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const key = { ...(await exportJWK(publicKey)), kid: "made", alg: "RS256", use: "sig" };
  const { iss, iat, aud } = samples[of].payload;
  const token = await new SignJWT(samples[of].payload)
    .setProtectedHeader({ alg: "RS256", kid: "made", typ: "JWT" })
    .sign(privateKey);
  const jwks = Object.fromEntries(
    [samples.github, samples.kubernetes].map((one) => [one.payload.iss, { keys: [key] }]),
  );
  if (!(iss in jwks)) throw new Error("no issuer");
  return evaluateOidc(
    token,
    { now: iat, audience: [aud].flat()[0] ?? "" },
    { jwks, registration: billingAgent({ rules: rulesOf(samples) }, jwks) },
  );
}

/** Payloads as GitHub and a cluster publish them: attested, and matched by rules on their ids and claims. */
export const oidcPayloads = topic(/^payload-samples\.json$/, shape, (samples, folder, file) =>
  (["github", "kubernetes"] as const).map((of) => ({
    file: folder.label(file, of),
    said: "valid",
    expected: ["valid" as const],
    evaluate: () => evaluate(samples, of),
  })),
);
