import { EvidenceError } from "../../error.ts";
import type { Fetch } from "../../http.ts";
import { askPlatform, memberOf } from "../platform/ask.ts";
import type { EvidenceSource } from "../platform/source.ts";
import { workloadToken } from "../platform/workload-token.ts";

/** How GitHub's token service is called. */
interface GithubActionsInput {
  /**
   * Exact hosts (with port, where there is one) that may be called instead of github.com's: of an Enterprise Server, or
   * of a tenant with data residency.
   */
  readonly hosts?: readonly string[];
  /** The process's environment when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly fetch?: Fetch;
}

/** github.com answers at one of several hosts, each one label longer than this name. */
const github = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.actions\.githubusercontent\.com$/;

/**
 * Evidence by the ID token of a GitHub Actions job, fetched again for each attestation. The job needs `permissions: {
 * id-token: write }`.
 */
export function githubActions(input: GithubActionsInput = {}): EvidenceSource {
  const { env = process.env, fetch = globalThis.fetch } = input;
  return {
    type: "oidc",
    async collect({ issuer }) {
      const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = env;
      if (!url || !token) throw new EvidenceError("the job may not ask for ID tokens: it lacks id-token: write");
      const address = addressOf(url, input.hosts);
      address.searchParams.set("audience", issuer);
      const answer = await askPlatform(fetch, address, {
        headers: { authorization: `bearer ${token}`, accept: "application/json" },
      });
      return { type: "oidc", token: workloadToken(memberOf(answer, "value"), issuer) };
    },
  };
}

/**
 * Checks the address: with the request's token anybody can get every token of this job, so a step that changes the
 * variable must not be able to have it sent elsewhere.
 */
function addressOf(text: string, hosts: readonly string[] | undefined): URL {
  const url = URL.parse(text);
  const known = url && (hosts ? hosts.includes(url.host) : github.test(url.host));
  const loopback = url?.protocol === "http:" && url.hostname === "127.0.0.1";
  if (!url || !known || !(url.protocol === "https:" || loopback) || url.username !== "" || url.password !== "")
    throw new EvidenceError("ACTIONS_ID_TOKEN_REQUEST_URL is not an address of GitHub's");
  return url;
}
