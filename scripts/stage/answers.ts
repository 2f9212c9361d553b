/** The few questions whose answers make a stage's settings, and how each answer is read. */
import { parseArgs } from "node:util";

/** One question: its flag, how it is put, and how the answer becomes a setting. */
interface Question {
  readonly flag: string;
  readonly ask: string;
  /** The setting's name in the stage's file. */
  readonly setting: string;
  /** Taken for an empty answer; without it an answer is needed, unless `optional`. */
  readonly otherwise?: string;
  readonly optional?: true;
  read(answer: string): unknown;
}

const text = (answer: string): unknown => answer;
const yes = (answer: string): unknown =>
  /^(y(es)?|true)$/i.test(answer) ? true : /^(no?|false)$/i.test(answer) ? false : answer;

/** In the order they are asked. What a stage may hold beside these has a default that fits most (`lib/settings/stage.ts`). */
export const questions: readonly Question[] = [
  { flag: "account", ask: "Account (twelve digits)", setting: "account", read: text },
  { flag: "region", ask: "Region", setting: "region", otherwise: "eu-west-1", read: text },
  {
    flag: "trust-domain",
    ask: "SPIFFE trust domain of the agents, such as agents.example.com (can never change)",
    setting: "trustDomain",
    read: text,
  },
  {
    flag: "operators",
    ask: "Roles that may call the admin URLs, comma between (role/Name, a role's ARN, role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Set_*)",
    setting: "operators",
    read: (answer) => answer.split(",").map((role) => role.trim()),
  },
  {
    flag: "email",
    ask: "Who gets the alarms by e-mail (empty: nobody)",
    setting: "alarms",
    optional: true,
    read: (email) => ({ email }),
  },
  {
    flag: "lambda-concurrency",
    ask: "Lambda's concurrent executions in this account and Region (a new account has 10; Service Quotas L-B99A9384)",
    setting: "lambdaConcurrency",
    otherwise: "10",
    read: (answer) => (/^\d{1,9}$/.test(answer) ? Number(answer) : answer),
  },
  {
    flag: "federation",
    ask: "Switch the account's outbound identity federation on with the deployment (yes or no; no where it is on already)",
    setting: "outboundIdentityFederation",
    otherwise: "no",
    read: yes,
  },
];

/** What was said on the command line. */
interface Flags {
  readonly name: string;
  readonly given: Readonly<Record<string, string>>;
  readonly force: boolean;
  readonly help: boolean;
}

/** Reads the command line. @throws with a sentence for whoever typed it */
export function readFlags(args: readonly string[]): Flags {
  const options = Object.fromEntries(questions.map(({ flag }) => [flag, { type: "string" as const }]));
  const more = { force: { type: "boolean" as const }, help: { type: "boolean" as const } };
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...options, ...more },
    allowPositionals: true,
  });
  const { force, help, ...given } = values;
  if (positionals.length > 1) throw new Error(`one stage at a time, not ${positionals.join(" and ")}`);
  return {
    name: positionals[0] ?? "production",
    given: given as Record<string, string>,
    force: force === true,
    help: help === true,
  };
}

/**
 * Asks for what no flag said.
 * @param ask undefined where nobody can answer: then defaults are taken
 * @returns the settings, not evaluated yet
 * @throws naming every flag that is missing
 */
export async function settingsOf(
  given: Readonly<Record<string, string>>,
  ask: ((question: string) => Promise<string>) | undefined,
): Promise<Record<string, unknown>> {
  const settings: Record<string, unknown> = {};
  const missing: string[] = [];
  for (const { flag, ask: question, setting, otherwise, optional, read } of questions) {
    const shown = otherwise === undefined ? question : `${question} [${otherwise}]`;
    const answer = (given[flag] ?? (await ask?.(`${shown}: `)) ?? "").trim() || otherwise;
    if (answer !== undefined) settings[setting] = read(answer);
    else if (!optional) missing.push(`--${flag}`);
  }
  if (missing.length > 0) throw new Error(`nobody said ${missing.join(", ")}`);
  return settings;
}
