import type { Denial } from "../denial/denial.ts";
import type { AwsRoleRegistration } from "../model/aws-role.ts";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Restricting } from "./narrow.ts";
import { type PolicyService, type Reach, reachesOf } from "./reaches.ts";
import { actionsOf, oneOrMore, type Statement, statementsOf } from "./statements.ts";

/** Input of the compiler. */
export interface Compiling extends Omit<Restricting, "role"> {
  readonly role: AwsRoleRegistration;
  /** Scopes of the role's resource that the session holds, or fewer. */
  readonly scopes: readonly string[];
  /** The session's end; the policies deny everything after it. */
  readonly notAfterSeconds: number;
}

/** Session policies, to be applied one after the other: the session may do what all of them allow. */
export interface CompiledPolicy {
  /** For AssumeRole. */
  readonly first: string;
  /** For GetScopedCredentials, in this order: one to three. The last one's credentials cannot be narrowed further. */
  readonly scoped: readonly string[];
}

/** The call that applies a further document; every document but the last allows it. */
const scopeDown = "sts:GetScopedCredentials";

/**
 * Compiles what a session may do at its resource into session policies of a role (threat 19). Each document denies
 * everything after the session's end. It allows exactly what the session may do with its own services, denies
 * everything else of these, and leaves the services of the other documents open. A service's list of allowed things is
 * never split over two documents, since the session may only do what both allow, so documents divide whole services.
 * @returns the documents, each of at most `limits.awsPolicyCharacters`; or what could not be expressed ({@link
 * reachesOf}), or `aws_policy_too_large` naming the service that does not fit
 */
export function compileDocuments(compiling: Compiling): Result<CompiledPolicy, Denial> {
  const { role, scopes, details, type, notAfterSeconds } = compiling;
  const reaches = reachesOf(role, scopes, { role: role.name, details, type });
  if (!reaches.ok) return reaches;
  const byService = Map.groupBy(reaches.value, ({ service }) => service);
  const services = [...byService.keys()];
  const write = (own: readonly PolicyService[], isLast: boolean) =>
    documentOf({
      reaches: own.flatMap((service) => byService.get(service) ?? []),
      open: services.filter((service) => !own.includes(service)),
      isLast,
      notAfterSeconds,
    });
  for (const parts of partitions(services)) {
    const documents = parts.map((own, at) => write(own, parts.length > 1 && at === parts.length - 1));
    const [first, ...scoped] = documents;
    if (first !== undefined && documents.every((document) => document.length <= limits.awsPolicyCharacters))
      return ok({ first, scoped: scoped.length > 0 ? scoped : [write(services, true)] });
  }
  return tooLarge(
    role.name,
    services.map((service) => [service, write([service], false).length] as const),
  );
}

/** The refusal, which names the service with the longest policy. */
function tooLarge(role: string, sizes: readonly (readonly [PolicyService, number])[]): Result<never, Denial> {
  const [service, characters] = [...sizes].sort(([, a], [, b]) => b - a)[0] ?? ["", 0];
  const limitCharacters = limits.awsPolicyCharacters;
  return err({ code: "aws_policy_too_large", role, service, characters, limitCharacters });
}

/** Every way to divide services into documents, those with fewest documents first. */
function partitions(services: readonly PolicyService[]): readonly (readonly (readonly PolicyService[])[])[] {
  const [first, ...rest] = services;
  if (first === undefined) return [[]];
  return partitions(rest)
    .flatMap((parts) => [...parts.map((part, at) => parts.with(at, [first, ...part])), [[first], ...parts]])
    .sort((a, b) => a.length - b.length);
}

interface DocumentParts {
  /** What the document allows exactly. */
  readonly reaches: readonly Reach[];
  /** Services of the other documents. */
  readonly open: readonly PolicyService[];
  readonly isLast: boolean;
  readonly notAfterSeconds: number;
}

function documentOf({ reaches, open, isLast, notAfterSeconds }: DocumentParts): string {
  const others = [...open.map((service) => `${service}:*`), ...(isLast ? [] : [scopeDown])];
  const end = `${new Date(notAfterSeconds * 1_000).toISOString().slice(0, 19)}Z`;
  const Statement: readonly Statement[] = [
    { Effect: "Deny", Action: "*", Resource: "*", Condition: { DateGreaterThan: { "aws:CurrentTime": end } } },
    { Effect: "Deny", NotAction: oneOrMore([...actionsOf(reaches), ...others]), Resource: "*" },
    ...(others.length > 0 ? [{ Effect: "Allow", Action: oneOrMore(others), Resource: "*" } as const] : []),
    ...statementsOf(reaches),
  ];
  return JSON.stringify({ Version: "2012-10-17", Statement });
}
