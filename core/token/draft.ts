import type { Denial } from "../denial/denial.ts";
import { assuranceLevels } from "../model/assurance.ts";
import { loginEpochs } from "../model/login.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import { childAncestors, type Session } from "../model/session.ts";
import { epochsNow, subjects } from "../session/liveness.ts";
import { windowOf } from "../status/windows.ts";
import type { Authorized } from "./authorize.ts";
import type { TokenContext } from "./context.ts";
import { usesBelow } from "./uses.ts";

/** What is about to be stored and signed, with the times it will carry (seconds). */
export interface Draft {
  readonly session: Session;
  readonly isNew: boolean;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
}

/**
 * The session a grant belongs to: the existing one, or a new one with everything it was issued under.
 * @returns the draft, or `status_unsigned`
 */
export async function draftSession(
  { plan, rows, registry, subject }: Authorized,
  { request, caller, ports }: TokenContext<"clock" | "ids" | "store">,
): Promise<Result<Draft, Denial>> {
  const iat = nowSeconds(ports.clock);
  // planned a moment ago: the clock may have moved on, and a child never outlives its parent
  const noEnd = Number.POSITIVE_INFINITY;
  const last = Math.min(plan.parent?.expiresAtSeconds ?? noEnd, plan.lastEndSeconds ?? noEnd);
  const exp = Math.min(iat + plan.lifeSeconds, last);
  const jti = ports.ids.id();
  if (plan.existing) return ok({ session: plan.existing, isNew: false, jti, iat, exp });
  const sid = ports.ids.id();
  const { parent, principal } = plan;
  const { build } = caller.identity;
  const login = subject.kind === "person" ? subject.person.login : undefined;
  const own = [
    subjects.agent(caller.agent),
    subjects.principal(principal.id),
    ...(login === undefined ? [] : loginEpochs(login)),
  ];
  const generations = epochsNow(rows, build === undefined ? own : [...own, subjects.build(build)]);
  const uses = usesBelow(plan.usesAbove, plan.maxUses, sid);
  const status = await ports.store.leaseStatus(exp, generations[subjects.deployment] ?? 0);
  if (!status) return err({ code: "status_unsigned", window: windowOf(exp) });
  const session: Session = {
    root: parent?.root ?? sid,
    sid,
    anc: parent ? childAncestors(parent) : [],
    depth: plan.depth,
    principal,
    actors: plan.actors,
    grants: plan.grants,
    jkt: caller.jkt,
    // a chain is as strong as its weakest proof
    assurance: parent ? weaker(parent.assurance, caller.identity.assurance) : caller.identity.assurance,
    ...(build === undefined ? {} : { build }),
    ...(request.purpose === undefined ? {} : { purpose: request.purpose }),
    createdAtSeconds: iat,
    expiresAtSeconds: exp,
    generations: { ...generations, ...parent?.generations },
    registryVersion: registry.version,
    status,
    ...(uses ? { uses } : {}),
    ...(plan.lending ? { lending: plan.lending } : {}),
    ...(plan.meanings ? { meanings: plan.meanings } : {}),
    ...(plan.via ? { via: plan.via } : {}),
    ...(plan.lastEndSeconds === undefined ? {} : { lastEndSeconds: plan.lastEndSeconds }),
    ...(login ? { login } : {}),
  };
  return ok({ session, isNew: true, jti, iat, exp });
}

/** A resource that demands a fresh proof must not be reached by way of a weakly proved agent. */
const weaker = <A extends (typeof assuranceLevels)[number]>(a: A, b: A): A =>
  assuranceLevels.indexOf(a) <= assuranceLevels.indexOf(b) ? a : b;
