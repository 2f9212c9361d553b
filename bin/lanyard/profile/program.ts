import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import { type LoginOptions, runLogin, runLogout, runProfiles, runWhoami } from "./commands.ts";

const json = ["--json", "print one JSON object and nothing else"] as const;

/** Adds the commands that store deployments and show which one is meant. */
export function profileCommands(line: CommandLine): void {
  const { program, command, withDeployment } = line;
  const plain = (name: string, description: string) => program.command(name).description(description);
  example(
    plain("login", "remember a deployment under a name: reads where it is, by your AWS credentials; stores no secret")
      .requiredOption("--stage <stage>", "its stage, as it was deployed")
      .option("--region <region>", "its Region (default: that of your AWS settings)")
      .option("--aws-profile <name>", "profile of your AWS configuration to use for it from now on")
      .option("--name <name>", "what to call it (default: the stage)")
      .option("--yes", "do not ask before a name gets another deployment")
      .option(...json)
      .action((options: LoginOptions) => runLogin(options, line)),
    "login --stage prod --region eu-west-1",
    "login --stage prod --aws-profile operators --name live",
  );
  example(
    plain("logout <profile>", "forget a remembered deployment")
      .option(...json)
      .action((name: string, options: { json?: boolean }) => runLogout(name, options, line)),
    "logout prod",
  );
  example(
    plain("profiles", "deployments that are remembered")
      .option(...json)
      .action((options: { json?: boolean }) => runProfiles(options, line)),
    "profiles",
  );
  example(
    command("whoami", "which deployment would be called here, by whom, and whether that caller may read it").action(
      (options: { json?: boolean }) => withDeployment(options, (context) => runWhoami(options, context)),
    ),
    "whoami",
    "whoami --profile prod",
  );
}
