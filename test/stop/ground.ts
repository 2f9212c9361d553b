import { runSimulation } from "@cloud-copilot/iam-simulate";
import { fc } from "@fast-check/vitest";
import { lineageOf } from "../../core/aws/lineage.ts";
import type { Vend } from "../../core/model/session.ts";
import type { ListedSession } from "../../core/status/publish-store.ts";
import type { ListedStop, Stop } from "../../core/stop/stops.ts";

/** Dead and living sessions, what is noted of them, and what IAM makes of the policies that come out. */

export const now = Math.floor(Date.UTC(2026, 10, 30, 12) / 1000);
export const account = "111122223333";
export const trustDomain = "agents.example.com";
export const agentId = (name: string) => `spiffe://${trustDomain}/agent/${name}`;

/** An id of ours, of a number. */
export const idOf = (letter: string, number: number): string => `${letter}${String(number).padStart(21, "0")}`;

/** One session's credentials, as a call brings them to AWS. */
export interface Holder {
  readonly root: string;
  readonly sid: string;
  readonly agent: string;
  readonly principal: string;
  readonly issuedAtSeconds: number;
}

export const holder = (more: Partial<Holder> = {}): Holder => ({
  root: idOf("R", 1),
  sid: idOf("S", 1),
  agent: agentId("planner"),
  principal: `p_${"a".repeat(32)}`,
  issuedAtSeconds: now - 60,
  ...more,
});

const everything = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };

/** Whether IAM denies a call under these policies to somebody who may everything else. */
export async function denied(documents: readonly string[], caller: Holder): Promise<boolean> {
  const { root, sid, agent, principal, issuedAtSeconds } = caller;
  const { sourceIdentity, tags } = lineageOf({
    root,
    sid,
    actors: [agent],
    principal: { id: principal, kind: "person" },
  });
  const result = await runSimulation(
    {
      request: {
        principal: `arn:aws:sts::${account}:assumed-role/Files/${sid}`,
        action: "s3:GetObject",
        resource: { resource: "arn:aws:s3:::files/a", accountId: account },
        contextVariables: {
          "aws:SourceIdentity": sourceIdentity,
          ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value])),
          "aws:TokenIssueTime": new Date(issuedAtSeconds * 1000).toISOString(),
        },
      },
      identityPolicies: [everything, ...documents.map((one) => JSON.parse(one))].map((policy, at) => ({
        name: `policy-${at}`,
        policy,
      })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
  return result.overallResult !== "Allowed";
}

export const listed = (more: Partial<ListedStop> = {}): ListedStop => ({
  kind: "listed",
  account,
  root: idOf("R", 1),
  sid: idOf("S", 1),
  agents: [agentId("planner")],
  atSeconds: now,
  untilSeconds: now + 600,
  ...more,
});

/** Many dead sessions, each in a tree of its own unless said otherwise. */
export const many = (count: number, of: (at: number) => Partial<ListedStop> = () => ({})): readonly Stop[] =>
  Array.from({ length: count }, (_, at) => listed({ root: idOf("R", at), sid: idOf("S", at), ...of(at) }));

export const session = (root: string, sid: string, more: Partial<ListedSession> = {}): ListedSession => ({
  root,
  sid,
  anc: sid === root ? [] : [root],
  epochs: {},
  status: { list: "2026113012-0", idx: 1 },
  expiresAtSeconds: now + 900,
  ...more,
});

export const vend = (root: string, sid: string, more: Partial<Vend> = {}): Vend => ({
  root,
  sid,
  agent: agentId("planner"),
  role: "files",
  arn: `arn:aws:iam::${account}:role/lanyard/target/Files`,
  account,
  accessKeyId: "ASIAEXAMPLEEXAMPLE12",
  endsAtSeconds: now + 600,
  ...more,
});

/** Sessions of few trees, agents and principals, so that many have something in common. */
export const holders: fc.Arbitrary<readonly Holder[]> = fc.uniqueArray(
  fc.record({
    root: fc.integer({ min: 0, max: 3 }).map((at) => idOf("R", at)),
    sid: fc.integer({ min: 0, max: 40 }).map((at) => idOf("S", at)),
    agent: fc.constantFrom("planner", "researcher", "clerk").map(agentId),
    principal: fc.constantFrom("a", "b").map((letter) => `p_${letter.repeat(32)}`),
    issuedAtSeconds: fc.integer({ min: now - 600, max: now - 1 }),
  }),
  { minLength: 1, maxLength: 12, selector: ({ sid }) => sid },
);
