import { ask, askAll } from "../deployment/ask.ts";
import { callAdmin } from "../deployment/call.ts";
import { confirmed } from "../deployment/confirm.ts";
import type { CommandContext } from "../deployment/context.ts";
import { Refused, Usage } from "../terminal/outcome.ts";
import { plain } from "../terminal/plain.ts";
import { short } from "../terminal/words.ts";
import { readAgent } from "./shapes.ts";

/** Options of `agents confirm`. */
export interface ConfirmOptions {
  readonly reason?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/**
 * `agents confirm`: an operator's word that the owner of an agent is still there, which counts as a login of this
 * moment for every agent of that owner.
 * @throws Usage, Refused
 */
export async function runConfirm(name: string, options: ConfirmOptions, context: CommandContext): Promise<void> {
  const { profile, terminal } = context;
  const { reason } = options;
  if (reason === undefined || reason.trim() === "") throw new Usage("say why: --reason <text>");
  const path = short(name).split("/").map(encodeURIComponent).join("/");
  const { owner, ownerPrincipal } = readAgent(await ask(profile, `agents/${path}`));
  if (ownerPrincipal === undefined)
    throw new Refused(
      `the owner of ${short(name)} is a text, which nobody can confirm: name a person in its registration`,
    );
  const change = {
    question: `Say that ${plain(owner)} is still there, and answers for these agents?`,
    reach: async () => {
      const { items } = await askAll(context, { path: "agents", read: readAgent });
      return items.filter((one) => one.ownerPrincipal === ownerPrincipal).map((one) => plain(one.name));
    },
    otherwise: "nobody was confirmed",
  };
  const deployment = await confirmed(change, options, context);
  const answer = await callAdmin(profile, { confirm: { principal: ownerPrincipal }, reason });
  if (options.json) terminal.out(JSON.stringify({ ok: true, deployment, owner, ...answer }));
  else terminal.out(plain(`${owner} is confirmed as of now; lanyard lift lifts a block, and nothing else does`));
}
