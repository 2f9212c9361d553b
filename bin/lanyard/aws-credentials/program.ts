import { Option } from "commander";
import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import { type AwsCredentialsOptions, runAwsCredentials } from "./command.ts";
import { evidenceKinds } from "./evidence.ts";

/** Adds `aws-credentials`, the only command that an agent runs: it calls as the agent, and never as an operator. */
export function awsCredentialsCommands({ program, terminal, env, folder }: CommandLine): void {
  example(
    program
      .command("aws-credentials")
      .description("as an agent: print AWS credentials for a session, as a credential_process of AWS's SDKs and tools")
      .requiredOption("--resource <uri>", "the resource that the role stands for")
      .requiredOption("--scope <scopes...>", "what of it is wanted")
      .option("--details <json>", "authorization details that narrow it, as a JSON array")
      .option("--role <name>", "the registered role, where several stand for the resource")
      .option(
        "--own-role",
        "take a role that is the agent's own at STS: the whole of it, for up to an hour after the session",
      )
      .option(
        "--lifetime <seconds>",
        "how long they live; at most the deployment's setting, 900 to 3600 with --own-role",
      )
      .option("--agent <agent>", "the agent's SPIFFE ID, or its name at a local run (default: LANYARD_AGENT)")
      .option("--issuer <url>", "the deployment (default: LANYARD_ISSUER, else the local run of this folder)")
      .addOption(
        new Option("--evidence <kind>", "what the agent shows to prove itself")
          .choices(evidenceKinds)
          .default("aws-sts-web-identity"),
      )
      .option("--region <region>", "of STS, for evidence of AWS and --own-role (default: AWS_REGION)")
      .option("--token-file <file>", "the workload's token, for evidence from a file")
      .option("--id-token-file <file>", "a person's ID token: the session is for that person, not the agent's own")
      .option("--key <file>", "keep the agent's key in this file, for evidence that outlives this process")
      .option("--json", "changes nothing: the output is one JSON object and nothing else")
      .action((options: AwsCredentialsOptions) => runAwsCredentials(options, terminal, { env, folder })),
    "aws-credentials --agent spiffe://agents.example.com/agent/planner --resource https://files.example.com --scope files:read",
    "aws-credentials --agent researcher --resource https://tickets.support-desk.example --scope tickets:read   # local run",
  );
}
