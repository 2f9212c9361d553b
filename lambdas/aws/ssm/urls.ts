import { GetParameterCommand, ParameterNotFound, SSMClient } from "@aws-sdk/client-ssm";
import type { FunctionUrls } from "../../../core/discovery/issuer-metadata.ts";

/** The SSM client of discovery. */
export const ssmClient = (): SSMClient => new SSMClient({ maxAttempts: 3 });

const lambdaUrl = /^[a-z0-9]+\.lambda-url\.[a-z0-9-]+\.on\.aws$/;
const always = ["attest", "token", "introspect", "revoke"] as const;
/** And what only some stages have. */
const names = [...always, "credentials", "decide"] as const;

/**
 * Reads the URLs of the other functions when they are first needed. They cannot be in the environment, since the stacks
 * would then depend on each other in a circle. A value that was found is kept; a missing one is read again, since it
 * does not exist yet during the first deployment.
 * @param parameter literal name of the parameter, a JSON object of URLs
 * @param issuer decides which URLs are acceptable: hosts of Lambda URLs; paths of the issuer where the deployment has a
 * domain of its own; this machine only for an issuer on this machine
 */
export function createUrls(ssm: SSMClient, parameter: string, issuer: string): () => Promise<FunctionUrls | undefined> {
  let held: FunctionUrls | undefined;
  return async () => {
    held ??= await read(ssm, parameter, issuer);
    return held;
  };
}

async function read(ssm: SSMClient, parameter: string, issuer: string): Promise<FunctionUrls | undefined> {
  try {
    const answer = await ssm.send(new GetParameterCommand({ Name: parameter }));
    return parseUrls(answer.Parameter?.Value ?? "", issuer);
  } catch (failure) {
    if (failure instanceof ParameterNotFound) return undefined;
    throw failure;
  }
}

/**
 * Checks the URLs: somebody who may write the parameter must not be able to send agents to another host (threat 29).
 */
export function parseUrls(text: string, issuer: string): FunctionUrls {
  const value = JSON.parse(text) as Record<string, unknown>;
  for (const name of names) {
    const url = value[name];
    if (url === undefined && !always.some((one) => one === name)) continue;
    if (typeof url !== "string" || !isOurs(url, issuer))
      throw new Error(`the URLs' parameter holds no acceptable URL for ${name}; deploy the service stack again`);
  }
  return {
    attest: `${value.attest}`,
    token: `${value.token}`,
    introspect: `${value.introspect}`,
    revoke: `${value.revoke}`,
    ...(value.credentials === undefined ? {} : { credentials: `${value.credentials}` }),
    ...(value.decide === undefined ? {} : { decide: `${value.decide}` }),
  };
}

/** Paths of the functions behind a domain. */
const belowDomain = names.map((name) => `/${name}`);

function isOurs(text: string, issuer: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  // an issuer that is not a function URL is the deployment's own domain, and only its paths are ours
  if (belowDomain.includes(url.pathname))
    return text === `${new URL(issuer).origin}${url.pathname}` && !lambdaUrl.test(url.hostname);
  const bare =
    url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "" && url.password === "";
  if (!bare || (url.href !== text && url.href !== `${text}/`)) return false;
  if (url.protocol === "http:") return url.hostname === "127.0.0.1" && new URL(issuer).hostname === "127.0.0.1";
  // behind a domain, no public function has another URL
  const isBehindUrl = lambdaUrl.test(new URL(issuer).hostname);
  return isBehindUrl && url.protocol === "https:" && url.port === "" && lambdaUrl.test(url.hostname);
}
