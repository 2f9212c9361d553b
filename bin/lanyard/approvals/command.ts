import { callSigned } from "../deployment/call.ts";
import { confirmed } from "../deployment/confirm.ts";
import type { CommandContext } from "../deployment/context.ts";
import type { Profile } from "../deployment/profile.ts";
import { Refused, Usage } from "../terminal/outcome.ts";
import { plain, plainJson } from "../terminal/plain.ts";
import { table } from "../terminal/table.ts";
import { type ShownChange, type ShownRequest, shownApproval, waitingList } from "./shapes.ts";
import { changeLines, happened } from "./tool-change.ts";

/** Options of the commands. */
export interface ApprovalOptions {
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly shown?: string;
}

type Shown = ShownRequest | ShownChange;

/** Lists what waits. */
export async function runList({ json }: ApprovalOptions, { profile, terminal }: CommandContext): Promise<void> {
  const found = waitingList.safeParse(await callSigned(profile, addressOf(profile), { method: "GET" }));
  if (!found.success) throw new Refused("approve answered something else than a list");
  const { items, groups } = found.data;
  if (json) return terminal.out(plainJson({ ok: true, groups, items }));
  if (items.length === 0) return terminal.out(plain(`nothing waits for ${groups.join(", ")}`));
  type Row = (typeof items)[number];
  const shape = [
    { title: "ID", of: ({ id }: Row) => id, whole: true as const },
    { title: "AGENT", of: ({ agent }: Row) => agent },
    {
      title: "FOR",
      of: (row: Row) =>
        row.kind === "session" ? row.grants.flatMap(({ scopes }) => scopes).join(" ") : `${happened(row)}`,
    },
    { title: "GROUP", of: ({ group }: Row) => group },
    { title: "YES", of: ({ approvals, needed }: Row) => `${approvals} of ${needed}`, whole: true as const },
    { title: "UNTIL", of: ({ expiresAtSeconds }: Row) => timeOf(expiresAtSeconds), whole: true as const },
  ];
  for (const line of table(items, shape, terminal.columns)) terminal.out(line);
}

/** Shows one request. */
export async function runShow(
  id: string,
  { json }: ApprovalOptions,
  { profile, terminal }: CommandContext,
): Promise<void> {
  const one = await read(id, profile);
  if (json) return terminal.out(plainJson({ ok: true, approval: one }));
  for (const line of linesOf(one)) terminal.out(plain(line));
}

/**
 * Decides. What is sent is the digest of what was shown here: where something else waits by then, nothing is decided. A
 * script says by --shown what somebody was shown elsewhere; it cannot say yes to whatever there is.
 * @throws Usage where nobody saw it; Refused
 */
export async function runDecide(
  { id, verdict }: { readonly id: string; readonly verdict: "approve" | "refuse" },
  options: ApprovalOptions,
  context: CommandContext,
): Promise<void> {
  const { profile, terminal } = context;
  if (options.yes && options.shown === undefined)
    throw new Usage("nothing was decided: with --yes, say by --shown the digest of what you were shown");
  const one = await read(id, profile);
  const digest = options.shown ?? one.digest;
  await confirmed(
    {
      question: verdict === "approve" ? "Approve exactly this?" : "Refuse this, for good?",
      reach: async () => linesOf(one),
      otherwise: "nothing was decided",
    },
    options,
    context,
  );
  const body = JSON.stringify({ verdict, shown: digest });
  const answer = await callSigned(profile, addressOf(profile, id), { method: "POST", body });
  if (options.json) return terminal.out(plainJson({ ok: true, ...answer }));
  const { approvals, needed } = answer;
  terminal.out(verdict === "refuse" ? `refused ${id}` : `approved ${id}: ${approvals} of ${needed}`);
}

async function read(id: string, profile: Profile): Promise<Shown> {
  const found = shownApproval.safeParse(await callSigned(profile, addressOf(profile, id), { method: "GET" }));
  if (!found.success) throw new Refused("approve answered something else than a request");
  return found.data;
}

/** Where a request, or the list, is. @throws Usage for an id that is none, or where the function's address is not known */
function addressOf({ approve }: Profile, id?: string): string {
  if (id !== undefined && !/^(?:ap|tc)_[A-Za-z0-9_-]{22}$/.test(id))
    throw new Usage(`${JSON.stringify(id)} is no id, ap_… or tc_…`);
  if (!approve)
    throw new Usage(
      "where is approve? The stage needs approvals: true; then lanyard login again, set LANYARD_APPROVE_URL, or give --outputs <file>",
    );
  return new URL(id === undefined ? "approvals" : `approvals/${id}`, approve.replace(/\/?$/, "/")).href;
}

const timeOf = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");

function linesOf(one: Shown): readonly string[] {
  const { decisions, you } = one;
  return [
    `${one.id}, ${one.state} until ${timeOf(one.expiresAtSeconds)} UTC`,
    ...(one.kind === "session" ? requestLines(one) : changeLines(one)),
    `asked      ${one.needed} of ${one.group}`,
    ...decisions.map(({ verdict, approver }) => `           ${verdict} by ${approver}`),
    // last and marked, since the agent chose every word of it
    ...(one.kind === "tool-change" || one.agentSays === undefined
      ? []
      : [`the agent says (its own word): ${one.agentSays}`]),
    `digest     ${one.digest}`,
    ...(you.may ? [] : [`you may not decide it: ${you.why ?? ""}`]),
  ];
}

const requestLines = (one: ShownRequest): readonly string[] => [
  `agent      ${one.actors.join(" → ")}`,
  `for        ${one.principal}`,
  `step       ${one.action}, for ${one.lifeSeconds} s${one.maxUses === undefined ? "" : `, ${one.maxUses} uses`}`,
  ...(one.budget === undefined ? [] : [`may spend  ${JSON.stringify(one.budget)}`]),
  ...one.grants.flatMap(({ resource, scopes, details, reaches: { tools, roles, onward } }) => [
    `at         ${resource}`,
    `  scopes   ${scopes.join(" ")}`,
    ...details.map((detail) => `  details  ${plainJson(detail)}`),
    ...(tools.length > 0 ? [`  tools    ${tools.join(" ")}`] : []),
    ...roles.map(({ arn, actions }) => `  AWS      ${arn}: ${actions.join(" ")}`),
    ...onward.map((to) => `  onward   ${to.resource}: ${to.scopes.join(" ")}`),
  ]),
  `by policy  ${Object.keys(one.policies).join(" ")}`,
];
