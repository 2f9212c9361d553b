import { accessAddress } from "../../core/caller/access-handle.ts";
import { offerAddress } from "../../core/caller/offer-handle.ts";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import { personId } from "../../core/model/person-id.ts";
import { offerTokenType } from "../../core/model/wire.ts";
import { agentId, idp, trustDomain } from "../kit/registry.ts";
import type { TestAgent } from "../kit/world/agents.ts";
import type { Answer, Params } from "../kit/world/tokens.ts";
import type { Bound } from "./bind.ts";
import type { Subject } from "./command.ts";
import { denied, done, type Observation, type WaitError } from "./observation.ts";
import { costOf, paramsOf, uriOf } from "./params.ts";
import { digestOf } from "./rows.ts";
import type { Stage } from "./stage.ts";
import { type AgentName, agentNames, approvers, type Person, persons, type Scope } from "./state.ts";

const waitErrors: readonly WaitError[] = ["slow_down", "access_denied", "expired_token", "approval_stale"];

/** Carries out a program's requests on the real endpoints and says what their answers show, in the model's words. */
export class Actor {
  readonly identities = new Map<AgentName, string>();
  readonly logins = new Map<number, string>();
  readonly tokens = new Map<number, { readonly text: string; readonly type: string }>();
  readonly offers = new Map<number, string>();
  /** Ids of what waits, by the steps that first asked. */
  readonly approvals = new Map<number, string>();
  /** Ids of reservations by the steps that made them. */
  readonly reports = new Map<number, string>();
  /** Session ids by the step that opened them. */
  readonly sessions = new Map<number, string>();
  /** Bytes of the sessions and offers that steps stored. */
  readonly rowBytes = new Map<number, number>();
  /** Steps that stored what they decided and were not answered with it. */
  readonly unreleased = new Set<number>();

  readonly stage: Stage;

  /** @param stage where the program plays */
  constructor(stage: Stage) {
    this.stage = stage;
  }

  /** Sends one request. */
  async act(request: Bound): Promise<Observation> {
    switch (request.kind) {
      case "attest":
        return this.attest(request.by);
      case "revoke-session":
        return this.order({ revoke: { session: this.sessions.get(request.session) } });
      case "lift-session":
        return this.order({ lift: { session: this.sessions.get(request.session) } });
      case "revoke":
        return this.order({
          revoke: targetOf(request.subject),
          ...unseen(request.subject),
          ...(request.cutOnly ? { cutOnly: true } : {}),
        });
      case "confirm":
        return this.order({ confirm: { principal: personId(idp, request.person) } });
      case "quarantine":
        return this.order({ revoke: { agent: agentId(request.agent) }, quarantine: true });
      case "release":
        return this.order({ lift: { agent: agentId(request.agent) }, quarantine: true });
      case "lift":
        return this.order({ lift: targetOf(request.subject) });
      case "introspect": {
        const token = this.tokens.get(request.token)?.text;
        return this.introspected(
          request.step,
          await this.send("introspect", request.by, { token, ...costOf(request) }),
        );
      }
      case "settle": {
        const report = this.reports.get(request.report);
        const answer = await this.send("introspect", request.by, { report, ...costOf(request) });
        const exceeds = Number(String(answer.body.exceeds ?? "0 EUR").split(" ")[0]);
        return answer.status === 200 ? { kind: "settled", exceeds } : denied;
      }
      case "end":
        return this.end(request.by, { token: this.tokens.get(request.token)?.text });
      case "end-below": {
        const session = this.sessions.get(request.session);
        return this.end(request.by, { token: this.tokens.get(request.token)?.text, session });
      }
      case "vote":
        return (await this.stage.vote(this.approvals.get(request.approval) ?? "none", request)) ? done : denied;
      case "withdraw":
        return this.end(request.by, { token: this.offers.get(request.offer) });
      default: {
        const stolen = request.kind === "claim" && request.stolen;
        const asking = () => this.send("token", request.by, paramsOf(request, this), stolen);
        return this.issued(request, await (request.unread ? this.unread(request, asking) : asking()));
      }
    }
  }

  /** Lets no reading of liveness succeed once something was stored, and looks what that was: no answer tells. */
  private async unread({ step, unread }: Bound, asking: () => Promise<Answer>): Promise<Answer> {
    const { store } = this.stage.world;
    const [sids, calls] = [new Set([...store.sessions.values()].map(({ sid }) => sid)), store.calls.length];
    const isStored = () => store.calls.includes("commit", calls);
    store.beforeLiveness = () => {
      store.unreadable = isStored();
      if (isStored() && unread === "throws") throw new Error("the table is not there");
    };
    const answer = await asking();
    store.beforeLiveness = undefined;
    store.unreadable = false;
    if (isStored() && answer.status !== 200) this.unreleased.add(step);
    const row = [...store.sessions.values()].find(({ sid }) => !sids.has(sid));
    if (row) this.sessions.set(step, row.sid);
    if (row) this.rowBytes.set(step, bytesOf(row));
    return answer;
  }

  private introspected(step: number, { status, body }: Answer): Observation {
    if (status !== 200) return denied;
    const { active, error, budget, of, what, left, renews_at: renews, report } = body;
    if (report !== undefined) this.reports.set(step, report);
    const rest = error === "budget_spent" ? { of, what, left, renews } : {};
    const told = error === undefined ? {} : { told: { error, budget, ...rest } };
    return { kind: "active", active, ...told, ...(report === undefined ? {} : { reported: true }) };
  }

  private async attest(name: AgentName): Promise<Observation> {
    const { status, body } = await this.stage.attest(name);
    if (status !== 200) return denied;
    const token = String(body.identity_token);
    this.identities.set(name, token);
    const digest = decodeUnverified(token)?.payload.build;
    const build = (["A", "B"] as const).find((one) => digestOf(one) === digest);
    return { kind: "identity", ...(build ? { build } : {}) };
  }

  private async order(body: object): Promise<Observation> {
    const { status } = await this.stage.world.order({ ...body, reason: "a program says so" });
    return status === 200 ? done : denied;
  }

  private async end(by: AgentName, params: Params): Promise<Observation> {
    return (await this.send("revoke", by, params)).status === 200 ? done : denied;
  }

  private async send(
    where: "token" | "introspect" | "revoke",
    by: AgentName,
    params: Params,
    stolen = false,
  ): Promise<Answer> {
    // another process of the same agent has an identity and a key of its own
    if (stolen) return this.stage.world.send(where, await this.stage.world.newAgent(by), params);
    const agent = this.stage.agents.get(by) as TestAgent;
    // one who never attested has nothing to show
    const client_assertion = this.identities.get(by) ?? "none";
    return this.stage.world.send(where, agent, { client_assertion, ...params });
  }

  /** What a token says; of a handle what its row says, which is all that tells. */
  private claimsOf(text: string): Readonly<Record<string, unknown>> {
    const address = accessAddress(text);
    if (!address) return decodeUnverified(text)?.payload ?? {};
    const rows = [...this.stage.world.store.handles.values()];
    return rows.find(({ handleHash }) => handleHash === address.handleHash)?.claims ?? {};
  }

  /** People are asked, or what they were asked for is refused in CIBA's words. */
  private refused(step: number, { status, body }: Answer): Observation {
    const error = waitErrors.find((one) => one === body.error);
    if (body.error !== "authorization_pending") return status === 400 && error ? { kind: "denied", error } : denied;
    const known = [...this.approvals].find(([, id]) => id === body.auth_req_id)?.[0];
    if (known === undefined) this.approvals.set(step, body.auth_req_id);
    return { kind: "waits", approval: known ?? step, expiresInSeconds: body.expires_in };
  }

  private issued({ step }: Bound, answer: Answer): Observation {
    const { status, body } = answer;
    if (status !== 200) return this.refused(step, answer);
    const text = String(body.access_token);
    const scopes = String(body.scope).split(" ").sort() as Scope[];
    if (body.issued_token_type === offerTokenType) {
      this.offers.set(step, text);
      const address = offerAddress(text);
      const row = [...this.stage.world.store.offers.values()].find(
        ({ handleHash }) => handleHash === address?.handleHash,
      );
      this.rowBytes.set(step, bytesOf(row));
      return { kind: "offer", scopes, expiresInSeconds: body.expires_in };
    }
    this.tokens.set(step, { text, type: body.issued_token_type });
    const claims = this.claimsOf(text);
    const sid = String(claims.sid);
    const known = [...this.sessions].find(([, id]) => id === sid)?.[0];
    if (known === undefined) this.sessions.set(step, sid);
    const row = [...this.stage.world.store.sessions.values()].find((session) => session.sid === sid);
    if (known === undefined && row) this.rowBytes.set(step, bytesOf(row));
    const resource = (["tickets", "customers", "payments", "releases"] as const).find(
      (one) => uriOf[one] === claims.aud,
    );
    return {
      kind: "token",
      session: known ?? step,
      scopes,
      principal: principalOf(String(claims.sub)),
      chain: chainOf(claims),
      endsSeconds: Number(claims.exp),
      ...(resource ? { resource } : {}),
    };
  }
}

/** As a table would count it. */
const bytesOf = (row: object | undefined): number => Buffer.byteLength(JSON.stringify(row ?? {}));

const nameOf = (id: string): AgentName =>
  agentNames.find((name) => agentId(name) === id) ?? (`unknown ${id}` as AgentName);

const principalOf = (sub: string): Person | AgentName =>
  persons.find((person) => personId(idp, person) === sub) ?? nameOf(sub);

/** Agents of a nested `act`, current first; an agent on its own is the principal too. */
function chainOf(claims: Readonly<Record<string, unknown>>): readonly AgentName[] {
  const chain: AgentName[] = [];
  let act = claims.act as { sub: string; act?: unknown } | undefined;
  for (; act; act = act.act as typeof act) chain.push(nameOf(act.sub));
  return String(claims.sub).startsWith("spiffe:") ? [...chain, nameOf(String(claims.sub))] : chain;
}

/** Programs cut people and builds before anything of theirs was seen. */
const unseen = (subject: Subject): object => ("principal" in subject || "build" in subject ? { unseen: true } : {});

function targetOf(subject: Subject): object {
  if ("agent" in subject) return { agent: agentId(subject.agent) };
  if ("build" in subject) return { build: digestOf(subject.build) };
  if ("deployment" in subject) return { deployment: trustDomain };
  const { principal } = subject;
  const person = approvers.find((one) => one === principal);
  return { principal: person ? personId(idp, person) : agentId(principal) };
}
