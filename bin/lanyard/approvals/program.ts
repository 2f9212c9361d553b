import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import { type ApprovalOptions, runDecide, runList, runShow } from "./command.ts";

/** Adds `approvals list`, `show`, `approve` and `refuse`. */
export function approvalCommands({ program, common, withDeployment }: CommandLine): void {
  const approvals = program
    .command("approvals")
    .description("what agents ask people for: look at it, and decide as the person that IAM says you are");
  example(
    common(approvals.command("list").description("what waits for your groups")).action((options: ApprovalOptions) =>
      withDeployment(options, (context) => runList(options, context)),
    ),
    "approvals list",
  );
  example(
    common(
      approvals.command("show <id>").description("everything that would be approved, and what it could reach"),
    ).action((id: string, options: ApprovalOptions) =>
      withDeployment(options, (context) => runShow(id, options, context)),
    ),
    "approvals show ap_1sJUe-vUbSI9kHAAC5Tg7A",
  );
  for (const [verdict, does] of [
    ["approve", "say yes to exactly what is shown"],
    ["refuse", "say no, for good: the same is not asked again for an hour"],
  ] as const)
    example(
      common(approvals.command(`${verdict} <id>`).description(does))
        .option("--yes", "do not ask; needs --shown")
        .option("--shown <digest>", "the digest that you were shown; refused where it is not what waits")
        .action((id: string, options: ApprovalOptions) =>
          withDeployment(options, (context) => runDecide({ id, verdict }, options, context)),
        ),
      `approvals ${verdict} ap_1sJUe-vUbSI9kHAAC5Tg7A`,
    );
}
