// biome-ignore lint/suspicious/noExplicitAny: each note has its own shape, which its reader knows
export type Change = (note: any) => void;

/** One case of a note of ours, spoilt: exactly that one fails, and says why. */
export const mutants: readonly [topic: string, file: string, what: string, change: Change, why: RegExp][] = [
  [
    "sts-caller-identity",
    "hosts.json",
    "an invented host called good",
    (n) => n.teleport.valid.push("sts.evil.amazonaws.com"),
    /^sts\.evil.*: invalid: never sent to/,
  ],
  [
    "sts-caller-identity",
    "hosts.json",
    "a real host called bad",
    (n) => n.teleport.invalid.push("sts.us-west-2.amazonaws.com"),
    /valid: regional host of us-west-2/,
  ],
  [
    "sts-caller-identity",
    "hosts.json",
    "a case of no shape",
    (n) => n.aws_iam_authenticator.cases.push({ host: 7 }),
    /no case: partition/,
  ],
  [
    "sts-caller-identity",
    "vault-header-cases.json",
    "another endpoint of a Region",
    (n) => Object.assign(n.region_from_header[0], { endpoint: "https://sts.amazonaws.com" }),
    /error: asked at https:\/\/sts\.ap-northeast-3/,
  ],
  [
    "sts-caller-identity",
    "vault-header-cases.json",
    "a login of no shape",
    (n) => n.login_headers.push({ name: "odd", json: "x" }),
    /odd: error: no case/,
  ],
  [
    "sts-web-identity",
    "payloads.json",
    "a workload of another account",
    (n) => Object.assign(n.samples[0].payload, { sub: "arn:aws:iam::999999999999:role/Other" }),
    /invalid: account: the role is of another account/,
  ],
  [
    "sts-web-identity",
    "discovery.real.json",
    "keys at another host",
    (n) => Object.assign(n, { jwks_uri: "https://elsewhere.example/jwks" }),
    /invalid: RS256: keys_unavailable/,
  ],
  [
    "sts-web-identity",
    "discovery.real.json",
    "no algorithm of ours",
    (n) => Object.assign(n, { id_token_signing_alg_values_supported: ["HS256"] }),
    /invalid: it signs by no algorithm/,
  ],
  [
    "sts-web-identity",
    "claims-catalogue.json",
    "a fact called the caller's choice",
    (n) => n.caller_chosen.push(...n.identity.splice(n.identity.indexOf("source_region"), 1)),
    /source_region: invalid: what the caller chose became a fact/,
  ],
  [
    "11-ocsf",
    "event-cases.json",
    "a bad event called good",
    (n) =>
      Object.assign(
        n.cases.find((c: { schema_valid: boolean }) => !c.schema_valid),
        { schema_valid: true },
      ),
    /: invalid: data/,
  ],
  [
    "11-ocsf",
    "event-cases.json",
    "another type_uid",
    (n) => Object.assign(n.cases[1].event, { time: 1_785_542_400 }),
    /: invalid: time is not in milliseconds/,
  ],
  [
    "11-ocsf",
    "event-cases.json",
    "a class that is not there",
    (n) => Object.assign(n.cases[1], { class_: "nothing" }),
    /: error: no class nothing/,
  ],
  [
    "ssf",
    "set-cases.json",
    "an event of another called ours",
    (n) =>
      Object.assign(
        n.cases.find((c: { name: string }) => c.name === "unknown-event"),
        { expected: "valid" },
      ),
    /^unknown-event: policy: no event of ours/,
  ],
  [
    "ssf",
    "set-cases.json",
    "another receiver",
    (n) => {
      n.cases = n.cases.filter((c: { name: string }) => c.name === "good");
      n.audience = "https://other.example";
    },
    /^good: invalid: audience/,
  ],
];
