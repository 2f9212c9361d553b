import { exportJWK, generateKeyPair, type JWK } from "jose";
import { z } from "zod";
import { createKeySets } from "../../../core/keys/key-sets.ts";
import type { TrustedIssuerRegistration } from "../../../core/model/registry.ts";
import { MemoryWeb } from "../../../test/kit/memory/web.ts";
import { type Evaluated, topic } from "../document.ts";

const shape = z.looseObject({
  issuer: z.string(),
  jwks_uri: z.string(),
  id_token_signing_alg_values_supported: z.array(z.string()).min(1),
});

const known = ["RS256", "ES256", "ES384", "PS256"] as const;

/**
 * Registers the issuer of a discovery document, and looks for keys where the document says that they are. The keys are
 * made here, one an algorithm: what is tried is the way to them.
 */
async function evaluate(document: z.infer<typeof shape>): Promise<Evaluated> {
  const { issuer, jwks_uri, id_token_signing_alg_values_supported: named } = document;
  const algorithms = known.filter((alg) => named.includes(alg));
  const keys = await Promise.all(algorithms.map(async (alg) => published(alg)));
  const web = new MemoryWeb();
  web.put(`${issuer}/.well-known/openid-configuration`, document);
  web.put(jwks_uri, { keys });
  const ownIssuer = "https://lanyard.example";
  const keySets = createKeySets({ fetcher: web, clock: { nowMillis: () => 1_785_542_400_000 }, ownIssuer });
  const sts = new URL(issuer).hostname.endsWith(".tokens.sts.global.api.aws");
  const registered: TrustedIssuerRegistration = {
    kind: "trusted-issuer",
    name: "discovered",
    purpose: sts ? "aws-sts" : "workload",
    issuer,
    algorithms,
    ...(sts ? { account: "123456789012" } : {}),
  };
  for (const alg of algorithms) {
    const found = await keySets.lookup(registered)({ alg, kid: alg });
    if (!found.ok) return { outcome: "invalid", reason: `${alg}: ${found.error.why}: ${found.error.detail}` };
  }
  return algorithms.length > 0
    ? { outcome: "valid", reason: `keys of ${algorithms.join(", ")} at ${jwks_uri}` }
    : { outcome: "invalid", reason: "it signs by no algorithm that a registration may have" };
}

async function published(alg: string): Promise<JWK> {
  const { publicKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(publicKey)), kid: alg, use: "sig" };
}

/** Discovery documents of trusted issuers: AWS's of an account, GitHub's, the notes' own. */
export const discoveryDocuments = topic(/^[a-z-]*discovery(\.real)?\.json$/, shape, (document, folder, file) => [
  { file: folder.label(file), said: "valid", expected: ["valid"], evaluate: () => evaluate(document) },
]);
