import { EvidenceError } from "../../error.ts";
import type { EvidenceSource } from "../platform/source.ts";
import { workloadToken } from "../platform/workload-token.ts";

/** Where the job finds its token. */
interface GitlabTokenInput {
  /** Name given to the token under `id_tokens`, whose `aud` there is our issuer. */
  readonly variable: string;
  /** The registered issuer's `audience`, where it is not our issuer. */
  readonly audience?: string;
  /** The process's environment when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Evidence by a GitLab CI/CD job's ID token. GitLab makes it once, when the job starts, and does not renew it. */
export const gitlabToken = ({ variable, audience, env = process.env }: GitlabTokenInput): EvidenceSource => ({
  type: "oidc",
  async collect({ issuer }) {
    const text = env[variable];
    if (text === undefined) throw new EvidenceError(`the job has no ID token called ${variable}`);
    return { type: "oidc", token: workloadToken(text, audience ?? issuer) };
  },
});
