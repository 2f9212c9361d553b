import { registrationKinds } from "../../../core/model/registry.ts";
import { askCanary, canaryLines } from "../canary/measured.ts";
import type { CommandContext } from "../deployment/context.ts";
import { readRegistry } from "../registry/read.ts";
import { Refused } from "../terminal/outcome.ts";

/**
 * Shows whether the deployment answers, which registry version is current and what is in it.
 * @throws Refused when the issuer does not answer or no registry was applied
 */
export async function runStatus(options: { readonly json?: boolean }, { profile, terminal }: CommandContext) {
  const { version, deployment, registrations: rows } = await readRegistry(profile);
  const [issuerAnswers, canary] = await Promise.all([answers(profile.issuer), askCanary(profile)]);
  const status = {
    profile: profile.name,
    issuer: profile.issuer,
    issuerAnswers,
    trustDomain: profile.trustDomain,
    registryVersion: version,
    ...deployment,
    registrations: Object.fromEntries(registrationKinds.map((k) => [k, rows.filter((r) => r.kind === k).length])),
    ...(canary.watches ? { canary } : {}),
    agents: rows.flatMap((r) => (r.kind === "agent" ? [{ name: r.name, state: r.state }] : [])),
  };
  const problem = issuerAnswers
    ? version === 0
      ? "no registry was applied yet"
      : undefined
    : "the issuer does not answer";
  if (options.json) {
    if (problem !== undefined) throw new Refused(problem, status);
    terminal.out(JSON.stringify({ ok: true, ...status }));
    return;
  }
  terminal.out(`issuer         ${status.issuer} (${issuerAnswers ? "answers" : "does not answer"})`);
  terminal.out(`trust domain   ${status.trustDomain}${status.blocked ? " (BLOCKED)" : ""}`);
  terminal.out(
    `registry       version ${version}: ${Object.entries(status.registrations)
      .map(([k, n]) => `${n} ${k}`)
      .join(", ")}`,
  );
  if (canary.watches) for (const line of canaryLines(canary, Date.now())) terminal.out(line);
  for (const { name, state } of status.agents) terminal.out(`agent          ${name} (${state})`);
  if (problem !== undefined) throw new Refused(problem, status);
}

const answers = async (issuer: string): Promise<boolean> => {
  try {
    const url = `${issuer}/.well-known/openid-configuration`;
    const answer = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(5_000) });
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
};
