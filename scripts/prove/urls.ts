/** Probes of the functions' URLs, as anybody on the internet calls them. */
import { type CallableName, forOperators, functionEntry, functionNames, urlOutput } from "../../lambdas/manifest.ts";
import { differs, ok, output, type Probe, type ProveGround } from "./ground.ts";

const longMillis = 15_000;
const call = async ({ fetch }: ProveGround, url: string, init: RequestInit) => {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(longMillis) });
  const text = await answer.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // a gateway's page, not ours
  }
  return { status: answer.status, body: (body ?? {}) as Record<string, unknown> };
};

/** Functions that anybody may post to, and whether every stage makes them. */
const posted = functionNames.flatMap((name) => {
  const { url, stack, only } = functionEntry(name);
  return url === "public" && stack === "service"
    ? [{ name, output: urlOutput(name as CallableName), always: only === undefined }]
    : [];
});
const adminUrls = forOperators.map((name) => ({ output: urlOutput(name), always: !functionEntry(name).only }));

/** A function of ours refuses with an OAuth error; Lambda itself with `Message`. */
export const publicUrls: Probe = {
  name: "public-urls",
  asks: "the public functions answer anybody",
  async run(ground) {
    const issuer = output(ground, "IssuerUrl");
    const found = await call(ground, `${issuer}/.well-known/oauth-authorization-server`, { method: "GET" });
    if (found.status !== 200 || found.body.issuer !== issuer)
      return differs(`discovery answers ${found.status}: agents and resource servers cannot find the issuer`);
    const made = posted.filter((each) => each.always || ground.outputs[each.output] !== undefined);
    for (const each of made) {
      const { status, body } = await call(ground, output(ground, each.output), { method: "POST", body: "" });
      if (typeof body.error !== "string")
        return differs(
          `${each.output} answers ${status} and not as our function: its URL's permissions, or a policy of the organization, keep callers out`,
        );
    }
    return ok(`${["discovery", ...made.map(({ name }) => name)].join(", ")} answer`);
  },
};

export const closedUrls: Probe = {
  name: "admin-urls",
  asks: "the admin URLs answer nobody without a signature",
  async run(ground) {
    const made = adminUrls.filter((each) => each.always || ground.outputs[each.output] !== undefined);
    for (const { output: name } of made) {
      const { status, body } = await call(ground, output(ground, name), { method: "GET" });
      if (status !== 403 || typeof body.error === "string")
        return differs(
          `${name} let an unsigned call through (${status}): anybody may be an operator; take the URL away`,
        );
    }
    return ok(`all ${made.length} refuse an unsigned call`);
  },
};
