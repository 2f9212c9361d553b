import { parseArgs } from "node:util";

/** What the command line asks for. */
export interface Options {
  readonly help: boolean;
  readonly json: boolean;
  /** Standards whose rows are run; all when none is named. */
  readonly only: readonly string[];
  /** A deployment; the embedded cloud when none is named. */
  readonly deployment?: { readonly issuer: string; readonly settings: string };
}

export const usage = `usage: npm run conformance -- [options]

Runs every row of the conformance table and prints it: ok, FAIL or skip, standard, section, what is demanded.
Without --issuer it boots the embedded cloud and examines that.

  --issuer URL      examine this deployment instead; needs --settings
  --settings FILE   which of its agents may be played, by which evidence, and what is registered for them
                    (docs/conformance.md)
  --only STANDARD   only rows whose standard's name begins so, such as "RFC 8693"; may be repeated
  --json            one JSON document instead of the table
  --help            this

Exit code 0: every row that could be run passed. 1: a row failed, or none could be run. 2: the command is wrong.
Rows write: sessions are opened and ended and, where the settings name an operator, the worker is revoked and
let in again. Examine a stage that nobody works with.
`;

/** @throws Error with a message for people */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      issuer: { type: "string" },
      settings: { type: "string" },
      only: { type: "string", multiple: true, default: [] },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { issuer, settings, only, json, help } = values;
  const asked = { help, json, only };
  if (issuer === undefined && settings === undefined) return asked;
  if (issuer === undefined || settings === undefined) throw new Error("--issuer and --settings go together");
  return { ...asked, deployment: { issuer: issuerIn(issuer), settings } };
}

/** Assertions and proofs go there: to https, or to this machine. */
function issuerIn(text: string): string {
  const url = URL.parse(text);
  const here = url !== null && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (!url || url.search || url.hash || !(url.protocol === "https:" || (url.protocol === "http:" && here)))
    throw new Error("--issuer is the issuer's https URL, without query and fragment");
  return text.replace(/\/$/, "");
}
