import type { AuditFacts } from "../../core/audit/record.ts";
import { consistencyMember } from "../../core/evidence/consistency.ts";
import { manifestOf } from "../../core/evidence/layout.ts";
import { type EvidenceRecord, readRecord } from "../../core/evidence/record.ts";
import { readTar, writeTar } from "../../core/evidence/tar.ts";
import { treeOf } from "../../core/evidence/tree.ts";
import type { EvidenceReport } from "../../core/evidence/verify.ts";
import { writeEvidence } from "../../core/evidence/write.ts";
import type { TrailLine } from "../../core/lineage/lines.ts";
import type { Registration } from "../../core/model/registry.ts";
import { registryDigest } from "../../core/registry/digest.ts";
import { entryOf } from "../../core/tlog/entry.ts";
import { proveConsistency, proveInclusion } from "../../core/tlog/proof.ts";
import { proofFileText } from "../../core/tlog/proof-file.ts";
import { memoryLog } from "../kit/memory/log.ts";
import { toRecord } from "../kit/records.ts";
import { agentId, baseRows, customers, tickets } from "../kit/registry.ts";
import { functionRole, line, read, role, sid, stsOf } from "../lineage/ground.ts";

export const beganAtMillis = Date.UTC(2026, 10, 30, 12);
export const [ada, bob] = ["p_abcdefghijklmnopqrstuvwxyz234567", "p_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"];
const policies: readonly Registration[] = [
  { kind: "policy", name: "people-lend", cedar: "permit(principal, action, resource);" },
  { kind: "policy", name: "never-at-night", cedar: "forbid(principal, action, resource) when { context.now > 1 };" },
];
export const rows: readonly Registration[] = [...baseRows, ...policies];

/** A record's line; its id begins as it is called. */
export function lineOf(name: string, atSeconds: number, facts: Partial<AuditFacts>): string {
  const known = {
    outcome: "allowed",
    requestId: `request-${name}`,
    timeMillis: beganAtMillis + atSeconds * 1_000,
  } as const;
  return toRecord({ ...known, operation: "token.access", ...facts }, sid(name)).body;
}

/** The records of a tree for a person: a planner, and a researcher below it that got a key of AWS. */
export function treeLines(root: string, child: string, person: string): readonly string[] {
  const [jkt, other] = [`jkt-${root}`.padEnd(43, "k"), `jkt-${child}`.padEnd(43, "k")];
  const above = { sid: sid(root), root: sid(root), depth: 0 };
  const below = { sid: sid(child), root: sid(root), parent: sid(root), depth: 1 };
  const planner = {
    agent: agentId("planner"),
    actors: [agentId("planner")],
    assurance: "fresh",
    registryVersion: 1,
    jkt,
  } as const;
  const chain = [agentId("planner"), agentId("researcher")];
  const researcher = { ...planner, agent: agentId("researcher"), actors: chain, jkt: other };
  const of = (scopes: readonly string[], resource = tickets) => [{ resource, scopes, details: [] }];
  const proof = { operation: "attest", evidenceType: "aws-sts-web-identity", build: "sha256:aa" } as const;
  const [a, b] = [root, child];
  return [
    lineOf(`${a}-attested`, 1, { ...proof, ...planner, jti: `${a}-identity`, evidenceId: `${a}-document` }),
    lineOf(`${a}-opened`, 2, {
      ...planner,
      operation: "session.open",
      session: above,
      principal: person,
      purpose: "case 7",
      grants: of(["tickets:read"]),
      policies: ["people-lend"],
      expiresAtSeconds: beganAtMillis / 1_000 + 900,
    }),
    lineOf(`${a}-denied`, 3, {
      ...planner,
      outcome: "denied",
      session: above,
      principal: person,
      denial: { code: "dpop_missing" },
    }),
    lineOf(`${b}-attested`, 4, { ...proof, ...researcher, jti: `${b}-identity` }),
    lineOf(`${b}-redeemed`, 5, {
      ...researcher,
      operation: "session.redeem",
      session: below,
      principal: person,
      grants: of(["customers:read"], customers),
    }),
    lineOf(`${b}-vended`, 6, {
      ...researcher,
      operation: "credentials.vend",
      session: below,
      principal: person,
      aws: {
        role: "reader",
        roleArn: role,
        requestIds: [`assume-${b}`, `scope-${b}`],
        accessKeyId: `ASIASCOPED${b.toUpperCase()}`,
      },
    }),
    lineOf(`${a}-revoked`, 9, {
      operation: "revoke",
      target: `session:${sid(root)}`,
      reason: "it did enough",
      session: above,
      principal: person,
      operator: { arn: "arn:aws:sts::1:assumed-role/o/eve", uniqueId: "AROA:eve" },
    }),
    lineOf(`${a}-cut`, 10, {
      operation: "revoke",
      target: `agent:${agentId("researcher")}`,
      reason: "misbehaves",
      operator: { arn: "arn:aws:sts::1:assumed-role/o/eve", uniqueId: "AROA:eve" },
    }),
  ];
}

const shared: readonly string[] = [
  lineOf("applied", -9_000, {
    operation: "registry.apply",
    target: "registry",
    registryVersion: 1,
    registryBase: 0,
    registryDigest: registryDigest(rows),
  }),
  lineOf("seen", -8_000, { operation: "deployment.seen", evidence: { roleArn: functionRole } }),
  lineOf("seen-again", -7_000, { operation: "deployment.seen", evidence: { roleArn: functionRole } }),
];

export const adas = treeLines("root", "child", ada);
export const bobs = treeLines("other", "below", bob);

/** What CloudTrail tells of both trees, and of nobody's. */
const trail: readonly TrailLine[] = ["child", "below"].flatMap((name) => [
  ...stsOf(name),
  read(name),
  line("kms", "Sign", { roleArn: functionRole, userAgent: `aws-sdk lanyard/${sid(name)}` }),
]);
export const strangers = line("s3", "GetObject", { accessKeyId: "ASIANOBODYS" });

export const recordOf = (text: string): EvidenceRecord => {
  const found = readRecord(text);
  if (!found.ok) throw new Error(found.error);
  return found.value;
};

/** A log with both trees, and archives about sessions in it. */
export async function setUp(
  given: { readonly seed?: string; readonly lines?: readonly string[]; readonly rows?: readonly Registration[] } = {},
) {
  const lines = given.lines ?? [...shared, ...adas, ...bobs];
  const log = memoryLog(undefined, given.seed);
  const records = lines.map(recordOf);
  const kept: string[] = [];
  for (const { eventId, hash } of records) kept.push(await log.add(entryOf({ eventId, hash })));
  const checkpoint = kept.at(-1) ?? "";
  const inTree = { size: log.size, read: log.read };
  const archive = async (asked = sid("child"), against: readonly number[] = []): Promise<Buffer> => {
    const tree = treeOf(asked, records, [...trail, strangers]);
    const proofs = await Promise.all(
      tree.records.map(async ({ eventId, hash }) => {
        const index = records.findIndex((one) => one.eventId === eventId);
        const extra = entryOf({ eventId, hash });
        return [
          eventId,
          proofFileText({ index, proof: await proveInclusion(inTree, index), checkpoint, extra }),
        ] as const;
      }),
    );
    const consistency = await Promise.all(
      against.map(async (size) => consistencyMember(size, await proveConsistency(inTree, size))),
    );
    const registries = new Map([[1, given.rows ?? rows]]);
    return writeEvidence({
      asked,
      tree,
      registries,
      proofs: new Map(proofs),
      checkpoint,
      keys: [log.signer],
      consistency,
    });
  };
  return { log, records, archive, kept };
}

/** Codes of a report with the files they are about, each once. */
export const told = ({ findings }: EvidenceReport): readonly string[] =>
  [...new Set(findings.map(({ code, member }) => (member === undefined ? code : `${code} ${member}`)))].sort();

/** An archive whose files somebody changed, with a list of them made anew unless it is to be left as it was. */
export function forged(
  archive: Buffer,
  by: (files: Map<string, Buffer>) => void,
  { isListed = true }: { readonly isListed?: boolean } = {},
): Buffer {
  const read = readTar(archive);
  if (!read.ok) throw new Error(read.error);
  const files = new Map(read.value.map(({ name, bytes }) => [name, Buffer.from(bytes)]));
  by(files);
  const all = [...files].map(([name, bytes]) => ({ name, bytes }));
  const others = all.filter(({ name }) => name !== "manifest.json");
  return writeTar(isListed ? [...others, { name: "manifest.json", bytes: manifestOf(others) }] : all);
}

export const namesOf = (archive: Buffer): readonly string[] => {
  const read = readTar(archive);
  if (!read.ok) throw new Error(read.error);
  return read.value.map(({ name }) => name);
};
