import { tokens } from "../../../test/kit/world/tokens.ts";
import { createWorld } from "../../../test/kit/world/world.ts";
import type { Evaluated } from "../document.ts";

/**
 * Sends a stranger's form, as it stands, to an endpoint of a deployment that has never heard of it.
 * @param scheme of its Authorization header
 * @returns `policy` when it was refused and nothing was signed: it is well-formed, and of nobody's
 */
export async function evaluateStrangeForm(
  endpoint: "token" | "introspect" | "revoke",
  form: string,
  scheme?: string,
): Promise<Evaluated> {
  const world = await createWorld([], tokens);
  const call = world.call(form, [], scheme === undefined ? {} : { authorizationScheme: scheme });
  const { status, body } = world.answer(await world.endpoints[endpoint](call));
  if (status < 400 || world.signers.session.signatures > 0) return { outcome: "valid", reason: `answered ${status}` };
  return { outcome: "policy", reason: `${status} ${body.error}: ${body.error_description ?? ""}` };
}
