import { isDeepStrictEqual } from "node:util";
import { Actor } from "./actor.ts";
import { type Bound, bind, serverOf } from "./bind.ts";
import type { Context } from "./bounds.ts";
import type { Command, Request } from "./command.ts";
import { denied, type Observation } from "./observation.ts";
import { countInVain, lostRedemption, predict, refusedEarly } from "./predict.ts";
import { rowsFor } from "./rows.ts";
import { isolate, lapse, nothing, pile, spree } from "./scenes.ts";
import { createStage, type Stage } from "./stage.ts";
import { type AgentName, emptyState, type Login, type Published, type State } from "./state.ts";

/** A difference between the service and the model. */
class Difference extends Error {}

/** How often each kind of request was sent, and how often it was granted. */
export type Tally = Map<string, { sent: number; granted: number }>;

/** Options of a run. */
interface RunOptions {
  readonly tally?: Tally;
  /** Changes the service before the program starts: how tests prove that the model would notice. */
  readonly sabotage?: (stage: Stage) => void;
}

/**
 * Runs one program against the service and the model.
 * @throws Difference at the first answer the model did not expect
 */
export async function runProgram(program: readonly Command[], options: RunOptions = {}): Promise<void> {
  const stage = await createStage();
  options.sabotage?.(stage);
  await new Run(new Actor(stage), emptyState(stage.world.time.seconds), options.tally ?? new Map()).whole(program);
}

class Run {
  private step = 0;
  private version = 1;
  /** Whether a crowd comes: it says nothing of how much of what programs ask is granted. */
  private repeats = false;
  /** Usually one state; several while an answer leaves open in which order two requests met. */
  private beliefs: readonly State[];

  private readonly actor: Actor;
  private readonly tally: Tally;

  constructor(actor: Actor, start: State, tally: Tally) {
    this.actor = actor;
    this.tally = tally;
    this.beliefs = [start];
  }

  async whole(program: readonly Command[]): Promise<void> {
    for (const agent of ["planner", "researcher", "ticket-api", "customer-api"] as const)
      await this.one({ kind: "attest", agent });
    for (const person of ["ada", "bob"] as const) {
      await this.one({ kind: "confirm", person });
      const fresh = { refresh: undefined, names: "both", device: 0, lifeSeconds: 3600 } as const;
      await this.one({ kind: "login", person, agent: "planner", ...fresh });
    }
    await this.all(program);
    await this.lookAtEverything();
  }

  private async all(commands: readonly Command[]): Promise<void> {
    for (const command of commands) await this.one(command);
  }

  /** At the end every access token there ever was is active exactly when the model says so. */
  private async lookAtEverything(): Promise<void> {
    for (const agent of new Set(Object.values(serverOf))) await this.one({ kind: "attest", agent });
    const tokens = Object.entries(this.state.tokens).filter(([, token]) => token.resource !== undefined);
    for (const [id, token] of tokens) {
      const by = token.resource && serverOf[token.resource];
      if (by) await this.requests([{ kind: "introspect", step: ++this.step, by, token: Number(id), cost: nothing }]);
    }
  }

  /** The first belief; all of them agree on what exists. */
  private get state(): State {
    return this.beliefs[0] as State;
  }

  private async one(command: Command): Promise<void> {
    const { world } = this.actor.stage;
    const step = ++this.step;
    switch (command.kind) {
      case "together":
        return this.requests(this.bindAll(command.both));
      case "unread": {
        const bound = this.bindAll([command.request]);
        return this.requests(bound.map((request) => ({ ...request, unread: command.how })));
      }
      case "again":
        this.repeats = true;
        for (let i = 0; i < command.times; i++) await this.requests(this.bindAll([command.request]));
        this.repeats = false;
        return;
      case "fan":
        return this.fan(command);
      case "login": {
        const login = loginOf(command, this.state);
        const { person, agent, signedInSeconds, device, endsSeconds: exp } = login;
        const claims = { auth_time: signedInSeconds, sid: device === undefined ? undefined : `device-${device}`, exp };
        this.actor.logins.set(step, world.idToken(`${agent}-app`, { sub: person, ...claims }));
        return this.believe((state) => {
          state.logins[step] = { ...login };
        });
      }
      case "wait":
        world.time.seconds += command.seconds;
        return this.believe((state) => {
          state.nowSeconds += command.seconds;
        });
      case "deploy":
        this.actor.stage.running.set(command.agent, command.build);
        return this.believe((state) => {
          state.running[command.agent] = command.build;
        });
      case "suspend":
      case "reactivate":
        return this.setSuspended(command.agent, command.kind === "suspend");
      case "apply":
        return this.apply(command.change);
      case "elevate":
        return this.elevate(command);
      case "lapse":
        return this.all(lapse(command));
      case "spree":
        return this.all(spree(command));
      case "isolate":
        return this.all(isolate(command));
      case "pile":
        return this.all(pile(command, step));
      default:
        return this.requests(this.bindAll([command]));
    }
  }

  private async fan({ token, to, times }: Command & { kind: "fan" }): Promise<void> {
    const offer = { kind: "offer", token, by: "rightful", to, scope: "held", maxUses: undefined } as const;
    const redeem = { kind: "redeem", offer: 0, by: "rightful" } as const;
    for (let i = 0; i < times; i++) for (const request of [offer, redeem]) await this.requests(this.bindAll([request]));
  }

  private setSuspended(agent: AgentName, suspended: boolean): void {
    this.believe((state) => {
      if (suspended) state.suspended[agent] = true;
      else delete state.suspended[agent];
      state.newRegistry = true;
    });
    this.publish();
  }

  private apply({ approver, ...change }: (Command & { kind: "apply" })["change"]): void {
    this.setPublished((before) => {
      const others = before.approvers.filter((one) => one !== approver);
      const isOut = approver === undefined || others.length < before.approvers.length;
      return { ...before, ...change, approvers: isOut ? others : [...others, approver] };
    });
  }

  private setPublished(change: (before: Published) => Published): void {
    this.believe((state) => {
      state.published = change(state.published);
      state.newRegistry = true;
    });
    this.publish();
  }

  private publish(): void {
    const { published, suspended } = this.state;
    this.actor.stage.world.publish(++this.version, ...rowsFor(published, Object.keys(suspended)));
  }

  /**
   * Its agent attests anew before each request: what is between may last longer than what it authenticates by. What is
   * between in the registry is taken back, so that later ones find it as it was.
   */
  private async elevate({
    ask,
    votes,
    waitSeconds,
    between,
    claim,
    afterwards,
  }: Command & { kind: "elevate" }): Promise<void> {
    const attest: readonly Command[] = ask?.kind === "open" ? [{ kind: "attest", agent: ask.agent }] : [];
    const decided = [...attest, ...(ask ? [ask] : []), ...votes];
    const later: readonly Command[] = [
      { kind: "wait", seconds: waitSeconds },
      ...(between ? [between] : []),
      ...attest,
    ];
    const { published } = this.state;
    for (const each of [...decided, ...later, claim]) await this.one(each);
    if (between?.kind === "apply") this.setPublished(() => published);
    if (afterwards) await this.one(afterwards);
  }

  private believe(change: (state: State) => void): void {
    for (const state of this.beliefs) change(state);
  }

  private bindAll(requests: readonly Request[]): readonly Bound[] {
    return requests.flatMap((request) => bind(request, ++this.step, this.state) ?? []);
  }

  private async requests(bound: readonly Bound[]): Promise<void> {
    const seen = await Promise.all(bound.map((request) => this.actor.act(request)));
    for (const [at, request] of bound.entries()) this.count(request.kind, seen[at] ?? denied);
    const meeting = {
      alone: bound.length === 1,
      contested: bound.filter(({ kind }) => kind === "introspect" || kind === "settle").length > 1,
    };
    const turns = bound.map((request, at) => this.turnOf(request, seen[at] ?? denied, meeting));
    const next: State[] = [];
    for (const belief of this.beliefs)
      for (const order of ordersOf(bound.length)) next.push(...explain(belief, order, turns));
    if (next.length === 0) throw new Difference(describe(this.step, this.state, turns));
    this.beliefs = next.filter((state, at) => next.findIndex((other) => isDeepStrictEqual(other, state)) === at);
  }

  private turnOf(request: Bound, seen: Observation, meeting: Pick<Context, "alone" | "contested">): Turn {
    const { step } = request;
    // an error that only what waits has is an answer from beyond every rate
    const granted = seen.kind !== "denied" || seen.error !== undefined || this.actor.unreleased.has(step);
    const rowBytes = this.actor.rowBytes.get(step);
    return { request, seen, context: { ...meeting, granted, ...(rowBytes === undefined ? {} : { rowBytes }) } };
  }

  private count(request: string, seen: Observation): void {
    if (this.repeats) return;
    const kind = seen.kind === "waits" && request !== "claim" ? "ask" : request;
    const row = this.tally.get(kind) ?? { sent: 0, granted: 0 };
    const refused = seen.kind === "denied" || (seen.kind === "active" && !seen.active);
    const granted = !refused && !(seen.kind === "waits" && kind === "claim");
    this.tally.set(kind, { sent: row.sent + 1, granted: row.granted + Number(granted) });
  }
}

/** A new sign-in, or one more token of an earlier one, by as many of its names as the provider sends. */
function loginOf(
  { person, agent, refresh, names, device, lifeSeconds }: Command & { kind: "login" },
  state: State,
): Login {
  const same = Object.values(state.logins).filter((one) => one.person === person && one.agent === agent);
  const earlier = refresh === undefined ? undefined : same[same.length - 1 - (refresh % same.length)];
  const { signedInSeconds = state.nowSeconds, device: on = device } = earlier ?? {};
  return {
    ...{ person, agent, issuedSeconds: state.nowSeconds, denylisted: false },
    endsSeconds: state.nowSeconds + lifeSeconds,
    ...(names === "both" || names === "time" ? { signedInSeconds } : {}),
    ...(names === "both" || names === "device" ? { device: on } : {}),
  };
}

const ordersOf = (count: number): readonly (readonly number[])[] =>
  count < 2
    ? [[0].slice(0, count)]
    : [
        [0, 1],
        [1, 0],
      ];

/** One request with its answer. */
interface Turn {
  readonly request: Bound;
  readonly seen: Observation;
  readonly context: Context;
}

/** The states in which what was seen is what `order` predicts; none when it is not. */
function explain(before: State, order: readonly number[], turns: readonly Turn[]): State[] {
  let states = [structuredClone(before)];
  for (const at of order) {
    const { request, seen, context } = turns[at] as Turn;
    states = states.flatMap((state) => {
      const lost = seen.kind === "denied" && !context.alone ? lostRedemption(state, request, context) : [];
      const early = refusedEarly(state, seen, context);
      const fits = isDeepStrictEqual(predict(state, request, context), seen);
      const after = fits ? [state, ...lost] : [...lost, ...early];
      if (!context.alone && context.rowBytes === undefined) for (const one of after) countInVain(one, request);
      return after;
    });
  }
  return states;
}

function describe(step: number, state: State, turns: readonly Turn[]): string {
  const lines = turns.map(({ request, seen, context }) => {
    const expected = predict(structuredClone(state), request, context);
    return `${JSON.stringify(request)}\n    seen     ${JSON.stringify(seen)}\n    expected ${JSON.stringify(expected)}`;
  });
  return `step ${step}, second ${state.nowSeconds}: the service and the model differ\n  ${lines.join("\n  ")}`;
}
