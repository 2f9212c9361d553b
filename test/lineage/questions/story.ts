/** A random but repeatable life of a deployment, as the facts that are recorded of it. */
import type { AuditFacts } from "../../../core/audit/record.ts";
import type { Denial } from "../../../core/denial/denial.ts";
import { assuranceLevels } from "../../../core/model/assurance.ts";

/** A decision with its event's id. */
export interface Told {
  readonly id: string;
  readonly facts: AuditFacts;
}

/** Numbers from 0 to 1, the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const startMillis = Date.parse("2026-11-29T00:00:00Z");
const hour = 3_600_000;
export const agentOf = (name: string): string => `spiffe://agents.example.com/agent/${name}`;
// names that are parts of one another: a question by one must not find the other
export const agents = ["plan", "planner", "plan/ner", "research", "tickets"].map(agentOf);
/** Agents that never open a session. */
const quiet = ["old", "older", "oldest"].map(agentOf);
export const principals = ["p_ada", "p_adam", "p_bob", agentOf("planner")];
export const resources = ["https://r.example", "https://r.example/x", "https://r.example_x", "https://s.example"];
const builds = ["sha256:aa", "sha256:bb", undefined];
const operator = (name: string) => ({
  arn: `arn:aws:sts::111122223333:assumed-role/o/${name}`,
  uniqueId: `AROA:${name}`,
});

interface Living {
  readonly session: { sid: string; root: string; parent?: string; anc?: string[]; depth: number };
  readonly principal: string;
  readonly actors: readonly string[];
  readonly agent: string;
  readonly build: string | undefined;
  readonly resource: string;
  readonly expiresAtSeconds: number;
}

/** Makes `count` decisions, some milliseconds apart over `hours`. */
export function storyOf(seed: number, count: number, hours = 36): readonly Told[] {
  const random = randomOf(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  let serial = 0;
  const idOf = (letter: string): string => `${letter}${seed}x${serial++}`.padEnd(22, "_");
  const living: Living[] = [];
  return Array.from({ length: count }, (_, at): Told => {
    const timeMillis = startMillis + Math.floor((at / count) * hours * hour + random() * 1_000);
    const base = { timeMillis, requestId: idOf("q") };
    return { id: idOf("e"), facts: { ...base, ...step() } };

    function step(): Omit<AuditFacts, "timeMillis" | "requestId"> {
      const dice = random();
      if (living.length < 3 || dice < 0.12) return opens();
      const one = pick(living);
      if (dice < 0.22) return redeems(one);
      if (dice < 0.5) return acts(one);
      if (dice < 0.6) return vends(one);
      if (dice < 0.72) return refused(one);
      if (dice < 0.78) return revokes(one);
      if (dice < 0.8) return { operation: "session.end", outcome: "allowed", ...of(one) };
      if (dice < 0.9) return attests();
      if (dice < 0.92)
        return {
          operation: "registry.apply",
          outcome: "allowed",
          operator: operator("eve"),
          target: "registry",
          registryVersion: at,
          reason: "r",
        };
      if (dice < 0.94)
        return { operation: "admin.read", outcome: "allowed", operator: operator("eve"), target: "/agents" };
      if (dice < 0.97)
        return {
          operation: "agent.dormant",
          outcome: "allowed",
          target: `agent:${pick([...agents, ...quiet])}`,
          reason: `no session, ${at}`,
        };
      return {
        operation: "introspect",
        outcome: "denied",
        denial: { code: "dpop_missing" },
        count: 1 + Math.floor(random() * 9),
        agent: pick(agents),
      };
    }
    function of({ session, principal, actors, agent, build }: Living) {
      return {
        session,
        principal,
        actors,
        agent,
        assurance: "fresh" as const,
        ...(build === undefined ? {} : { build }),
      };
    }
    function begun(one: Living) {
      living.push(one);
      const canary = random() < 0.1 ? { canary: true as const } : {};
      const grants = [{ resource: one.resource, scopes: ["a", "b"], details: [] }];
      return { outcome: "allowed" as const, ...of(one), ...canary, grants, expiresAtSeconds: one.expiresAtSeconds };
    }
    function opens() {
      const sid = idOf("s");
      const [agent, principal] = [pick(agents), pick(principals)];
      const life = Math.floor(random() * 12 * 3_600);
      const one = {
        session: { sid, root: sid, depth: 0 },
        principal,
        actors: [agent],
        agent,
        build: pick(builds),
        resource: pick(resources),
      };
      return {
        operation: "session.open" as const,
        purpose: `task ${at}`,
        ...begun({ ...one, expiresAtSeconds: Math.floor(timeMillis / 1000) + life }),
      };
    }
    function redeems(parent: Living) {
      const { session, actors, expiresAtSeconds, principal, resource } = parent;
      const agent = pick(agents);
      const anc = session.depth === 0 ? [] : [...(session.anc ?? []), session.sid];
      const child = { sid: idOf("s"), root: session.root, parent: session.sid, anc, depth: session.depth + 1 };
      return {
        operation: "session.redeem" as const,
        ...begun({
          session: child,
          principal,
          actors: [...actors, agent],
          agent,
          build: pick(builds),
          resource,
          expiresAtSeconds,
        }),
      };
    }
    function acts(one: Living) {
      const operation = pick(["token.access", "session.offer", "token.use", "session.renew"] as const);
      const more = operation === "session.offer" ? { offeredTo: pick(agents) } : {};
      return {
        operation,
        outcome: "allowed" as const,
        ...of(one),
        ...more,
        grants: [{ resource: one.resource, scopes: ["a"], details: [] }],
        expiresAtSeconds: Math.floor(timeMillis / 1000) + Math.floor(random() * 7_200),
      };
    }
    function vends(one: Living) {
      const aws = {
        role: "files",
        roleArn: "arn:aws:iam::111122223333:role/files",
        accessKeyId: `ASIA${String(serial++).padStart(16, "0")}`,
      };
      return {
        operation: "credentials.vend" as const,
        outcome: "allowed" as const,
        ...of(one),
        aws,
        expiresAtSeconds: Math.floor(timeMillis / 1000) + 60,
      };
    }
    function refused(one: Living) {
      const { session, principal, agent } = one;
      const denial = pick<Denial>([
        { code: "parent_dead", cause: { kind: "tombstone", sid: session.root } },
        { code: "parent_dead", cause: { kind: "generation", subject: `principal:${principal}` } },
        { code: "parent_dead", cause: { kind: "blocked", subject: "deployment" } },
        { code: "assertion_dead", subject: `agent:${agent}` },
        { code: "scope_exceeds", by: "offer", scopes: ["x"] },
      ]);
      const stolen = random() < 0.2 ? { owner: pick(agents) } : {};
      return { operation: "token.access" as const, outcome: "denied" as const, ...of(one), ...stolen, denial };
    }
    function revokes(one: Living) {
      const { session, principal, agent, build, actors } = one;
      const target = pick([
        `session:${session.sid}`,
        `session:${session.root}`,
        ...(session.anc ?? []).map((sid) => `session:${sid}`),
        `agent:${agent}`,
        `agent:${actors[0]}`,
        `principal:${principal}`,
        ...(build === undefined ? [] : [`build:${build}`]),
        ...(random() < 0.05 ? ["deployment:agents.example.com"] : []),
      ]);
      const isLift = random() < 0.2;
      const operation = isLift ? ("lift" as const) : ("revoke" as const);
      return {
        operation,
        outcome: random() < 0.9 ? ("allowed" as const) : ("denied" as const),
        operator: operator(pick(["ada", "eve"])),
        target,
        reason: 'it\'s "odd" \u00fc',
      };
    }
    function attests() {
      const assurance = pick(assuranceLevels);
      const [agent, build] = [pick(agents), pick(builds)];
      const replaced = random() < 0.2 ? { keyReplaced: true as const } : {};
      const outcome = random() < 0.8 ? ("allowed" as const) : ("denied" as const);
      return {
        operation: "attest" as const,
        outcome,
        agent,
        assurance,
        evidenceType: pick(["aws-sts-web-identity", "oidc"]),
        jkt: pick(["k1", "k2", "k3"]),
        registryVersion: 1 + (at % 5),
        ...replaced,
        ...(build === undefined ? {} : { build }),
        ...(outcome === "denied" ? { denial: { code: "dpop_missing" } as const } : {}),
      };
    }
  });
}
