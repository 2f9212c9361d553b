import { serverOf } from "./bind.ts";
import type { Command, Request } from "./command.ts";
import type { Cost } from "./spending.ts";

/** Commands that stand for several, one after the other. */

/** What a look costs that is only a look. */
export const nothing: Cost = { amount: 0, currency: "EUR" };

/** It attests at once: an agent whose registration names a profile gets an identity for it. */
export function isolate({ agent, meanwhile, release, afterwards }: Command & { kind: "isolate" }): readonly Command[] {
  const out: readonly Command[] = release ? [{ kind: "release", agent }] : [];
  return [{ kind: "quarantine", agent }, { kind: "attest", agent }, ...meanwhile, ...out, ...afterwards];
}

/** A session is opened, spends and settles, and after an hour perhaps another one spends on. */
export function spree({ open, costs, settled, waitSeconds, more }: Command & { kind: "spree" }): readonly Command[] {
  const attest: readonly Command[] = [open.agent, serverOf.payments].map((agent) => ({ kind: "attest", agent }));
  const calls = (sums: readonly (Cost | undefined)[]): readonly Command[] =>
    sums.map((cost) => ({ kind: "introspect", token: 0, by: "rightful", cost }));
  const told: readonly Command[] = settled ? [{ kind: "settle", report: 0, by: "rightful", cost: settled }] : [];
  const later: readonly Command[] = waitSeconds > 0 ? [{ kind: "wait", seconds: waitSeconds }, ...attest, open] : [];
  return [...attest, open, ...calls(costs), ...told, ...later, ...calls(more)];
}

/** Different requests, by their lives, of which the newest are refused. */
export function pile({ login, asks, refusals }: Command & { kind: "pile" }, step: number): readonly Command[] {
  const open = { kind: "open", agent: "planner", login, scopes: ["releases:stage"], maxUses: undefined } as const;
  const refuse = { kind: "vote", person: "carol", way: "iam", verdict: "refuse", shown: true } as const;
  return [
    ...Array.from({ length: asks }, (_, n) => ({ ...open, lifeSeconds: 600 + ((step + 2 * n) % 100) })),
    ...Array.from({ length: refusals }, (_, approval) => ({ ...refuse, approval })),
  ];
}

/** An owner's word runs out, and another login may give it anew; then it runs out while a session lives. */
export function lapse({ agent, person, waitSeconds, meanwhile }: Command & { kind: "lapse" }): readonly Command[] {
  const fresh = { refresh: undefined, names: "both", device: 0, lifeSeconds: 3600 } as const;
  const attest = ([agent, "planner", "ticket-api", "customer-api"] as const).map((one) => ({
    ...({ kind: "attest", agent: one } as const),
  }));
  const login: Command = { kind: "login", person, agent: agent === "triage" ? "triage" : "planner", ...fresh };
  const open: Request = {
    ...{ kind: "open", agent, scopes: ["tickets:read"], lifeSeconds: undefined, maxUses: undefined },
    login: agent === "triage" ? 0 : undefined,
  };
  const look: Request = { kind: "introspect", token: 0, by: "rightful", cost: nothing };
  const first: readonly Command[] = [{ kind: "wait", seconds: waitSeconds }, login, ...attest, open, look];
  return [...first, { kind: "wait", seconds: 100 }, look, ...meanwhile, look];
}
