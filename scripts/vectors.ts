/**
 * `npm run vectors [-- folder …] [--json] [--at TIME] [--settings FILE]`: tries every document that has a note of what
 * should come of it. One line a document, then one that counts them.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parseTime } from "../bin/lanyard/attest/command.ts";
import { loadAttestSettings } from "../bin/lanyard/attest/settings.ts";
import { forTerminal } from "../bin/lanyard/attest/table.ts";
import { Usage } from "../bin/lanyard/terminal/outcome.ts";
import { type Found, findDocuments } from "./vectors/find.ts";
import { isSideFile, type Trial, tryDocument, tryUntold, type UntoldSettings } from "./vectors/trial.ts";

const help = `npm run vectors [-- folder or file …] [--json] [--at TIME] [--settings FILE]

Tries every document under test/vectors, or under the folders given, against the note of what should come of it:

  ok    file  expected  outcome  reason     it came out as its note says
  FAIL  file  expected  outcome  reason     it did not
  ?     file  ?         outcome  reason     nobody left a note; counted as neither
  n/a   file  -         n/a      reason     read, and about something Lanyard does not do; counted by itself
  FAIL  file  ?         unknown  reason     nothing here can read it

Notes are manifests of the shapes in test/vectors: manifest.json and mutants-manifest.json (Nitro), real-manifest.json
and testca-manifest.json (EC2), tokens.json (STS web identity), raw-requests.json, responses.json and arn-cases.json
(signed GetCallerIdentity), jwt-svid-cases.json, bundle-cases.json, spiffe-id-cases.json and good-/wrong-*.pem (SPIFFE),
cases.json (OIDC, attacks on JWTs), dpop-cases.json, status-list.json, *_test.json (Wycheproof), 1.json and corpus-*.json
(Cedar), index.json (AWS's certificates), hosts.json, presigned-url-cases.json, vault-header-cases.json, sigv4-suite.json,
*discovery.json, payloads.json, payload-samples.json, claims-catalogue.json, observed-facts.json, event-cases*.json and
ocsf-* (OCSF), panther-tests.json (CloudTrail), set-cases.json and
ssf-caep-examples.json (security events), token-exchange-cases.json, rfc-messages.json, draft-examples.json, beta__*.json and ga__*.json (measurements of
enclaves). Any other file is explained as \`lanyard attest --explain\` does. Nothing that was given is passed over: a case
of another shape fails alone, and so does a file that nothing here reads, an empty list, a link, an empty folder. Left out are prose
(*.md, LICENSE), JSON Schemas, and beside a manifest certificates, key sets and what its notes name.

outcome     valid, invalid, or policy: genuine, and refused by our own rules alone
--at TIME   the clock for files without a note (default: now)
--settings  what they are explained by, as of \`lanyard attest --settings\`
--json      one JSON object
The last line is "N passed, N failed", with ", N n/a" where there are any; the exit code 1 when any failed, 2 when the command was not given right.`;

/** Everything that was tried. */
async function trials(paths: readonly string[], untold: UntoldSettings | undefined): Promise<readonly Trial[]> {
  const read = new Set<string>();
  const found: Found[] = paths.map((path) => {
    try {
      return findDocuments(path, read);
    } catch {
      throw new Usage(`${path} cannot be read`);
    }
  });
  const tried: Trial[] = [];
  for (const { documents, untold: files } of found) {
    for (const document of documents) tried.push(await tryDocument(document));
    if (!untold) continue;
    for (const file of files) if (!isSideFile(file)) tried.push(await tryUntold(file, untold));
  }
  return tried;
}

function line({ file, expected, outcome, reason, passed }: Trial): string {
  const mark = outcome === "n/a" ? "n/a" : passed === undefined ? "?" : passed ? "ok" : "FAIL";
  const columns = [mark.padEnd(4), forTerminal(file).padEnd(64), forTerminal(expected).padEnd(10), outcome.padEnd(9)];
  return `${columns.join(" ")} ${forTerminal(reason)}`.trimEnd();
}

/** Where lines go. */
interface Printer {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

/**
 * Runs the command.
 * @param args what stands behind its name
 * @returns its exit code
 */
export async function runVectors(args: readonly string[], printer: Printer): Promise<number> {
  try {
    return await run(args, printer.out);
  } catch (cause) {
    const wrongUse = cause instanceof Usage || (cause instanceof Error && "code" in cause);
    if (!wrongUse) throw cause;
    printer.err(cause.message);
    return 2;
  }
}

async function run(args: readonly string[], out: Printer["out"]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
      at: { type: "string" },
      settings: { type: "string" },
    },
  });
  if (values.help) {
    out(help);
    return 0;
  }
  const nowSeconds = values.at === undefined ? Math.floor(Date.now() / 1000) : parseTime(values.at);
  const settings = values.settings === undefined ? {} : await loadAttestSettings(values.settings);
  const own = fileURLToPath(new URL("../test/vectors", import.meta.url));
  const given = positionals.length > 0;
  // our own folders hold much beside documents; what somebody names is tried to the last file
  const tried = await trials(given ? positionals : [own], given ? { settings, nowSeconds } : undefined);
  const passed = tried.filter((trial) => trial.passed === true).length;
  const failed = tried.filter((trial) => trial.passed === false).length;
  const notOurs = tried.filter((trial) => trial.outcome === "n/a").length;
  if (values.json) out(JSON.stringify({ documents: tried, passed, failed, notOurs }));
  else {
    for (const trial of tried) out(line(trial));
    out([`${passed} passed`, `${failed} failed`, ...(notOurs > 0 ? [`${notOurs} n/a`] : [])].join(", "));
  }
  return failed === 0 ? 0 : 1;
}

if (import.meta.main)
  process.exitCode = await runVectors(process.argv.slice(2), { out: console.log, err: console.error });
