import { awsStsCallerIdentity } from "../../../client/evidence/aws-sts-caller-identity.ts";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import { githubActions } from "../../../client/evidence/oidc/github-actions.ts";
import { projectedToken } from "../../../client/evidence/oidc/projected-token.ts";
import { spiffeJwtSvid } from "../../../client/evidence/spiffe-jwt-svid.ts";
import type { EvidenceSource } from "../../../client/index.ts";
import type { Env } from "../deployment/model.ts";
import { Usage } from "../terminal/outcome.ts";

/** What evidence is made from. */
interface EvidenceOptions {
  readonly evidence: string;
  readonly region?: string;
  readonly tokenFile?: string;
}

/**
 * The Region whose STS an agent calls.
 * @throws Usage where nothing says it
 */
export const regionOf = ({ region }: Pick<EvidenceOptions, "region">, env: Env): string => {
  const named = region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
  if (!named) throw new Usage("which Region's STS? Say --region, or set AWS_REGION");
  return named;
};

const pathOf = ({ tokenFile, evidence }: EvidenceOptions): { readonly path: string } => {
  if (tokenFile === undefined) throw new Usage(`--evidence ${evidence} needs --token-file`);
  return { path: tokenFile };
};

/** Kinds of evidence that a command can show by itself, by what `--evidence` calls them. */
const sources: Readonly<Record<string, (options: EvidenceOptions, env: Env) => EvidenceSource>> = {
  "aws-sts-web-identity": (options, env) => awsStsWebIdentity({ region: regionOf(options, env) }),
  "aws-sts-caller-identity": (options, env) => awsStsCallerIdentity({ region: regionOf(options, env) }),
  "github-actions": () => githubActions(),
  "projected-token": (options) => projectedToken(pathOf(options)),
  "spiffe-jwt-svid": (options) => spiffeJwtSvid(pathOf(options)),
};

/** Their names. */
export const evidenceKinds: readonly string[] = Object.keys(sources);

/**
 * The workload's own identity, from where this command runs.
 * @throws Usage for what that kind needs and was not said
 */
export function evidenceFrom(options: EvidenceOptions, env: Env): EvidenceSource {
  const source = Object.hasOwn(sources, options.evidence) ? sources[options.evidence] : undefined;
  if (!source) throw new Usage(`--evidence is one of ${evidenceKinds.join(", ")}`);
  return source(options, env);
}
