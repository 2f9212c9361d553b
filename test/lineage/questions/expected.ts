/** The answers to the ten questions, computed from the facts without SQL. */
import type { AuditFacts } from "../../../core/audit/record.ts";
import { explainDenial } from "../../../core/denial/explain.ts";
import type { Asked } from "../../../core/lineage/questions/question.ts";
import { assuranceLevels } from "../../../core/model/assurance.ts";
import type { Told } from "./story.ts";

type Answer = Readonly<Record<string, string | number | null>>;
type Window = Pick<Asked, "sinceMillis" | "untilMillis" | "named">;

const shortOf = (id: string | undefined): string => id?.split("/agent/")[1] ?? "";
const isAgent = (given: string | undefined, agent: string | undefined): boolean =>
  given === undefined || given === agent || given === shortOf(agent);
const scopesOf = (facts: AuditFacts): string | null => facts.grants?.flatMap(({ scopes }) => scopes).join(" ") ?? null;
const endOf = (facts: AuditFacts): number => (facts.expiresAtSeconds ?? 0) * 1000;
const subjectsOf = ({ session, principal, build, actors, agent }: AuditFacts): Set<string> =>
  new Set([
    "deployment",
    ...(principal === undefined ? [] : [`principal:${principal}`]),
    ...(build === undefined ? [] : [`build:${build}`]),
    ...[session?.sid, session?.root, session?.parent, ...(session?.anc ?? [])].map((sid) => `session:${sid}`),
    ...(actors ?? [agent]).map((one) => `agent:${one}`),
  ]);
/** What a revocation or an end ended, by the name that sessions have it under. */
const endedBy = ({ operation, session, target }: AuditFacts): string =>
  operation === "session.end"
    ? `session:${session?.sid}`
    : target?.startsWith("deployment:")
      ? "deployment"
      : (target ?? "");
const isEnd = ({ operation, outcome }: AuditFacts): boolean =>
  outcome === "allowed" && (operation === "revoke" || operation === "session.end");
const isAttested = ({ operation, outcome }: AuditFacts): boolean => operation === "attest" && outcome === "allowed";
const causeOf = (denial: AuditFacts["denial"]): string | undefined => {
  const { cause, subject } = (denial ?? {}) as { cause?: { subject?: string; sid?: string }; subject?: string };
  return cause?.subject ?? (cause?.sid === undefined ? subject : `session:${cause.sid}`);
};
const mostOf = <T extends string | number>(values: readonly (T | undefined)[]): T | null =>
  values.reduce<T | null>((most, one) => (one !== undefined && (most === null || one > most) ? one : most), null);
const leastTime = (all: readonly Told[]): number => Math.min(...all.map(({ facts }) => facts.timeMillis));
const lastTime = (all: readonly Told[]): number => Math.max(...all.map(({ facts }) => facts.timeMillis));
const grouped = (all: readonly Told[], key: (facts: AuditFacts) => unknown): readonly (readonly [Told, ...Told[]])[] =>
  [...Map.groupBy(all, ({ facts }) => JSON.stringify(key(facts))).values()] as [Told, ...Told[]][];

/** The story has no persons' keys, so what is of persons, or may be, is withheld. */
const purposeOf = ({ purpose, principal }: AuditFacts): string | undefined =>
  purpose === undefined || principal?.startsWith("spiffe:") ? purpose : "[withheld]";
const reasonOf = ({ reason, target, operator }: AuditFacts): string | undefined =>
  reason !== undefined && operator && /^(session:|principal:p_)/.test(target ?? "") ? "[withheld]" : reason;
const said = (text: string | undefined, id: string): string | undefined =>
  text === undefined ? undefined : `${text}\n${id}`;

/** Every question's answer, rows in any order. */
export function expectedOf(
  story: readonly Told[],
  { sinceMillis, untilMillis, named }: Window,
): Readonly<Record<string, readonly Answer[]>> {
  const shown = story.filter(({ facts }) => facts.canary === undefined && facts.timeMillis <= untilMillis);
  const recent = shown.filter(({ facts }) => facts.timeMillis >= sinceMillis);
  const mine = recent.filter(({ facts }) => isAgent(named.agent, facts.agent));
  return { ...authority(shown, recent), ...conduct() };

  function authority(all: readonly Told[], since: readonly Told[]): Record<string, readonly Answer[]> {
    const holds = all.filter(({ facts }) => {
      const opened = ["session.open", "session.redeem", "session.hop", "session.renew"].includes(facts.operation);
      return (
        opened &&
        facts.outcome === "allowed" &&
        endOf(facts) > untilMillis &&
        facts.grants?.some(({ resource }) => resource === named.resource)
      );
    });
    const ends = all.filter(({ facts }) => isEnd(facts));
    const isDead = ({ facts }: Told): boolean =>
      ends.some(({ facts: end }) => end.timeMillis >= facts.timeMillis && subjectsOf(facts).has(endedBy(end)));
    const deadSids = new Set(holds.filter(isDead).map(({ facts }) => facts.session?.sid));
    return {
      reach: grouped(
        holds.filter(({ facts }) => !deadSids.has(facts.session?.sid)),
        ({ session }) => session?.sid,
      ).map((some) => ({
        agent: some[0].facts.agent ?? null,
        principal: some[0].facts.principal ?? null,
        sid: some[0].facts.session?.sid ?? null,
        root: some[0].facts.session?.root ?? null,
        depth: some[0].facts.session?.depth ?? null,
        scopes: mostOf(some.map(({ facts }) => scopesOf(facts) ?? undefined)),
        assurance: some[0].facts.assurance ?? null,
        purpose: mostOf(some.map(({ facts }) => purposeOf(facts))),
        uid: mostOf(some.map(({ facts, id }) => said(purposeOf(facts), id)))?.split("\n")[1] ?? null,
        granted_ms: leastTime(some),
        expires_ms: Math.max(...some.map(({ facts }) => endOf(facts))),
      })),
      outlived: since
        .filter(
          ({ facts }) =>
            facts.operation === "revoke" && facts.outcome === "allowed" && facts.target?.startsWith("principal:"),
        )
        .flatMap(({ facts: order }) => {
          const principal = order.target?.slice("principal:".length) ?? "";
          const of = all.filter(
            ({ facts }) =>
              facts.principal === principal &&
              facts.outcome === "allowed" &&
              facts.session !== undefined &&
              !["revoke", "session.end", "introspect"].includes(facts.operation),
          );
          return grouped(of, ({ session }) => session?.sid)
            .filter((some) => leastTime(some) <= order.timeMillis)
            .map((some) => ({
              ...{ first: some[0], last: lastTime(some) },
              keyUntil: mostOf(
                some.filter(({ facts }) => facts.operation === "credentials.vend").map(({ facts }) => endOf(facts)),
              ),
            }))
            .filter(({ last, keyUntil }) => last > order.timeMillis || (keyUntil ?? 0) > order.timeMillis)
            .map(({ first, last, keyUntil }) => ({
              principal,
              suspended_ms: order.timeMillis,
              operator_arn: order.operator?.arn ?? null,
              sid: first.facts.session?.sid ?? null,
              root: first.facts.session?.root ?? null,
              agent: first.facts.agent ?? null,
              last_granted_ms: last,
              key_until_ms: keyUntil,
            }));
        }),
      revocations: since
        .filter(({ facts }) => isEnd(facts))
        .map(({ id, facts: end }) => {
          const refused = since.filter(
            ({ facts }) =>
              facts.outcome === "denied" &&
              causeOf(facts.denial) === endedBy(end) &&
              facts.timeMillis >= end.timeMillis,
          );
          return {
            revoked_ms: end.timeMillis,
            by_whom: end.operator?.arn ?? end.agent ?? null,
            subject: endedBy(end),
            principal: end.principal ?? null,
            reason: reasonOf(end) ?? null,
            refused_after_millis: refused.length === 0 ? null : leastTime(refused) - end.timeMillis,
            refusals: refused.reduce((sum, { facts }) => sum + (facts.count ?? 1), 0),
            uid: id,
          };
        }),
      keys: mine
        .filter(
          ({ facts }) =>
            facts.operation === "credentials.vend" &&
            facts.outcome === "allowed" &&
            (named.key === undefined || facts.aws?.accessKeyId === named.key),
        )
        .map(({ id, facts }) => ({
          given_ms: facts.timeMillis,
          aws_access_key_id: facts.aws?.accessKeyId ?? null,
          aws_role_arn: facts.aws?.roleArn ?? null,
          agent: facts.agent ?? null,
          principal: facts.principal ?? null,
          sid: facts.session?.sid ?? null,
          root: facts.session?.root ?? null,
          scopes: scopesOf(facts),
          expires_ms: endOf(facts),
          uid: id,
        })),
    };
  }

  function conduct(): Record<string, readonly Answer[]> {
    const attested = mine.filter(({ facts }) => isAttested(facts));
    const seen = (agent: string): number =>
      Math.max(
        0,
        ...recent
          .filter(
            ({ facts }) =>
              facts.agent === agent &&
              facts.outcome === "allowed" &&
              ["session.open", "session.redeem", "session.hop"].includes(facts.operation),
          )
          .map(({ facts }) => facts.timeMillis),
      );
    const last = (operation: string, agent: string): number =>
      Math.max(
        0,
        ...recent
          .filter(
            ({ facts }) =>
              facts.operation === operation && facts.outcome === "allowed" && facts.target === `agent:${agent}`,
          )
          .map(({ facts }) => facts.timeMillis),
      );
    return {
      activity: mine
        .filter(() => named.agent !== undefined)
        .map(({ id, facts }) => ({
          at_ms: facts.timeMillis,
          operation: facts.operation,
          outcome: facts.outcome,
          principal: facts.principal ?? null,
          sid: facts.session?.sid ?? null,
          root: facts.session?.root ?? null,
          resources: facts.grants?.map(({ resource }) => resource).join(" ") ?? null,
          scopes: scopesOf(facts),
          offered_to: facts.offeredTo ?? null,
          purpose: purposeOf(facts) ?? null,
          denial: facts.denial?.code ?? null,
          aws_role_arn: facts.aws?.roleArn ?? null,
          aws_access_key_id: facts.aws?.accessKeyId ?? null,
          request_id: facts.requestId,
          uid: id,
        })),
      refusals: grouped(
        mine.filter(({ facts }) => facts.outcome === "denied"),
        ({ operation, denial, agent }) => [operation, denial?.code, agent],
      ).map((some) => ({
        operation: some[0].facts.operation,
        denial: some[0].facts.denial?.code ?? null,
        agent: some[0].facts.agent ?? null,
        rule: mostOf(some.map(({ facts }) => facts.denial && explainDenial(facts.denial).rule)),
        example: mostOf(some.map(({ facts }) => facts.denial && explainDenial(facts.denial).missing)),
        refusals: some.reduce((sum, { facts }) => sum + (facts.count ?? 1), 0),
        stolen_from: mostOf(some.map(({ facts }) => facts.owner)),
        first_ms: leastTime(some),
        last_ms: lastTime(some),
      })),
      code: grouped(attested, ({ agent, build, evidenceType }) => [agent, build, evidenceType]).map((some) => ({
        agent: some[0].facts.agent ?? null,
        build: some[0].facts.build ?? "",
        evidence_type: some[0].facts.evidenceType ?? null,
        attestations: some.length,
        first_ms: leastTime(some),
        last_ms: lastTime(some),
        registry_version: mostOf(some.map(({ facts }) => facts.registryVersion)),
      })),
      operators: recent
        .filter(({ facts }) => facts.operator !== undefined && facts.operation !== "admin.read")
        .map(({ id, facts }) => ({
          at_ms: facts.timeMillis,
          operator_arn: facts.operator?.arn ?? null,
          operation: facts.operation,
          outcome: facts.outcome,
          target: facts.target ?? null,
          principal: facts.principal ?? null,
          reason: reasonOf(facts) ?? null,
          registry_version: facts.registryVersion ?? null,
          denial: facts.denial?.code ?? null,
          uid: id,
        })),
      dormant: grouped(
        recent.filter(({ facts }) => facts.operation === "agent.dormant"),
        ({ target }) => target,
      )
        .map((some) => ({ some, agent: some[0].facts.target?.slice("agent:".length) ?? "" }))
        .filter(({ some, agent }) => seen(agent) <= lastTime(some) && last("revoke", agent) <= last("lift", agent))
        .map(({ some, agent }) => ({
          agent,
          told_ms: lastTime(some),
          reason: mostOf(some.map(({ facts }) => facts.reason)),
          seen_ms: seen(agent) === 0 ? null : seen(agent),
        })),
      assurance: grouped(attested, ({ agent, assurance, evidenceType }) => [agent, assurance, evidenceType])
        .toSorted(
          ([one], [other]) =>
            assuranceLevels.indexOf(one.facts.assurance ?? "document") -
            assuranceLevels.indexOf(other.facts.assurance ?? "document"),
        )
        .map((some) => {
          const replaced = some.filter(({ facts }) => facts.keyReplaced);
          return {
            assurance: some[0].facts.assurance ?? null,
            agent: some[0].facts.agent ?? null,
            evidence_type: some[0].facts.evidenceType ?? null,
            attestations: some.length,
            keys: new Set(some.map(({ facts }) => facts.jkt)).size,
            replaced: replaced.length,
            last_replaced_ms: replaced.length === 0 ? null : lastTime(replaced),
            last_ms: lastTime(some),
          };
        }),
    };
  }
}
