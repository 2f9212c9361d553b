import { sizeOf } from "../../../core/model/registry-difference.ts";
import type { Applied } from "../../../core/registry/applied.ts";
import { differenceLines } from "../../../core/registry/difference-lines.ts";
import { confirmed } from "../deployment/confirm.ts";
import type { CommandContext } from "../deployment/context.ts";
import type { NamedDeployment } from "../deployment/line.ts";
import type { Terminal } from "../terminal/outcome.ts";

/** A change of the registry before it is made. */
export interface AskedChange<Plan extends Applied = Applied> {
  /** Asks the deployment what the change would do, without writing. */
  plan(): Promise<Plan>;
  /**
   * Makes the change.
   * @param plan the plan that was agreed to, and only that is carried out; undefined where nobody was asked
   */
  make(plan: Plan | undefined): Promise<Applied>;
  /** The question about a plan. */
  question(plan: Applied): string;
  /** What it would affect beyond the registrations it changes, line by line. */
  reach(): Promise<readonly string[]>;
  /** The message when it is not made. */
  readonly otherwise: string;
  /** Whether it is urgent: then `--yes` makes it without a plan. */
  readonly urgent: boolean;
}

/** Options that every change has. */
interface AskedOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/**
 * Every change of the registry is made here: plan ▸ show ▸ ask ▸ make ▸ report. A plan that changes nothing needs no
 * confirmation.
 * @throws Usage, Refused when the deployment, or the person who is asked, says no
 */
export async function askAndChange<Plan extends Applied>(
  change: AskedChange<Plan>,
  options: AskedOptions,
  context: CommandContext,
): Promise<void> {
  const { terminal } = context;
  const show = ({ difference }: Applied) => {
    if (!options.json) for (const line of differenceLines(difference)) terminal.out(line);
  };
  const planned = !(change.urgent && options.yes) || options.dryRun;
  const plan = planned ? await change.plan() : undefined;
  if (plan && (options.dryRun || sizeOf(plan.difference) === 0)) {
    show(plan);
    return tell(plan, options, terminal);
  }
  const confirming = {
    otherwise: change.otherwise,
    question: plan ? change.question(plan) : "",
    reach: async () => [...(plan ? differenceLines(plan.difference) : []), ...(await change.reach())],
  };
  const deployment = await confirmed(confirming, options, context);
  // a person who was asked at a terminal has seen the plan already
  if (plan && (options.yes || terminal.columns === undefined)) show(plan);
  const applied = await change.make(plan);
  if (!plan) show(applied);
  tell(applied, { ...options, deployment }, terminal);
}

function tell(
  { version, base, difference }: Applied,
  options: AskedOptions & { readonly deployment?: NamedDeployment },
  terminal: Terminal,
): void {
  if (options.json) {
    const { deployment } = options;
    terminal.out(JSON.stringify({ ok: true, ...(deployment && { deployment }), version, base, ...difference }));
    return;
  }
  const nothing = sizeOf(difference) === 0 ? `nothing to change: the registry is at version ${version}` : undefined;
  const done = options.dryRun
    ? `nothing was changed: this is what it would do to version ${base}`
    : `the registry is at version ${version}, live at the next request`;
  terminal.out(nothing ?? done);
}
