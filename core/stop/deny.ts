import { sourceIdentityPrefix } from "../aws/lineage.ts";

/** One denial: everything, to whoever has credentials with these names. */
export interface Deny {
  /** The name that is compared: SourceIdentity by a pattern, a session tag as a whole. */
  readonly by: "source" | "agent" | "principal";
  readonly value: string;
  /** Only credentials issued before are meant; without it all of them, whenever they were issued. */
  readonly beforeSeconds?: number;
}

const nameKeys = {
  source: ["StringLike", "aws:SourceIdentity"],
  agent: ["StringEquals", "aws:PrincipalTag/lanyard-agent"],
  principal: ["StringEquals", "aws:PrincipalTag/lanyard-principal"],
} as const;

/** Denies nobody: IAM accepts no policy without a statement. No SourceIdentity of ours has this form. */
const nobody: Deny = { by: "source", value: `${sourceIdentityPrefix}nobody` };

/** The policy document of some denials, in the one form that {@link deniesOf} reads. */
export function denyDocument(denies: readonly Deny[]): string {
  const Statement = statementGroups(denies.length > 0 ? denies : [nobody]).map(([{ by, beforeSeconds }, values]) => {
    const [operator, key] = nameKeys[by];
    return {
      Effect: "Deny",
      Action: "*",
      Resource: "*",
      Condition: { [operator]: { [key]: values }, ...issuedBefore(beforeSeconds) },
    };
  });
  return JSON.stringify({ Version: "2012-10-17", Statement });
}

/** Condition that only credentials issued before a moment meet; an empty one without it. */
const issuedBefore = (seconds: number | undefined) =>
  seconds === undefined ? {} : { DateLessThan: { "aws:TokenIssueTime": isoSeconds(seconds) } };

const isoSeconds = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");

/** Denials that fit into one statement each: of one kind, and of one moment. In order, so that equal sets are equal texts. */
function statementGroups(denies: readonly Deny[]): readonly (readonly [Deny, readonly string[]])[] {
  const groups = Map.groupBy(denies, ({ by, beforeSeconds }) => `${by} ${beforeSeconds ?? ""}`);
  return [...groups]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([, some]) => [some[0] as Deny, [...new Set(some.map(({ value }) => value))].toSorted()]);
}

/** @returns the denials of a document that {@link denyDocument} wrote; undefined for any other document */
export function deniesOf(document: string): readonly Deny[] | undefined {
  const read = parsed(document);
  const denies = read?.Statement.flatMap(({ Condition: found }) => {
    const Condition = found ?? {};
    const before = Condition.DateLessThan?.["aws:TokenIssueTime"];
    const beforeSeconds = typeof before === "string" ? Date.parse(before) / 1000 : undefined;
    return (["source", "agent", "principal"] as const).flatMap((by) => {
      const [operator, key] = nameKeys[by];
      const values = Condition[operator]?.[key] ?? [];
      return [values]
        .flat()
        .filter((value) => typeof value === "string")
        .map((value): Deny => ({ by, value, ...(beforeSeconds !== undefined && { beforeSeconds }) }));
    });
  });
  if (!denies || denies.some(({ beforeSeconds = 0 }) => !Number.isSafeInteger(beforeSeconds))) return undefined;
  const real = denies.filter(({ value }) => value !== nobody.value);
  // whatever is not written exactly so, somebody else wrote
  return JSON.stringify(read) === denyDocument(real) ? real : undefined;
}

type Read = {
  readonly Statement: readonly { readonly Condition?: Record<string, Record<string, string | string[]>> | null }[];
};

function parsed(document: string): Read | undefined {
  try {
    const value: unknown = JSON.parse(document);
    if (typeof value !== "object" || value === null || !Array.isArray((value as Read).Statement)) return undefined;
    const { Statement } = value as { Statement: unknown[] };
    return Statement.every((one) => typeof one === "object" && one !== null) ? (value as Read) : undefined;
  } catch {
    return undefined;
  }
}
