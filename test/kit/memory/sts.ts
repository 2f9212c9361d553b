import type {
  AssumeOrder,
  AwsCredentials,
  ScopeOrder,
  Sts,
  StsFailure,
  StsGiven,
} from "../../../core/credentials/sts.ts";
import type { Clock } from "../../../core/model/ports.ts";
import { err, ok, type Result } from "../../../core/model/result.ts";

/** A call that came, and what it was made with. */
export type StsCall =
  | { readonly name: "AssumeRole"; readonly order: AssumeOrder }
  | { readonly name: "GetScopedCredentials"; readonly held: AwsCredentials; readonly order: ScopeOrder };

/** STS in memory, as strict about lives as the real one; everything it gives is told apart by a number. */
export class MemorySts implements Sts {
  readonly calls: StsCall[] = [];
  /** Answers of the next calls instead of credentials, by the call's name. */
  readonly failures = new Map<StsCall["name"], StsFailure>();
  /** Runs before each answer: the place for races and for time that passes. */
  before: ((call: StsCall) => void | Promise<void>) | undefined;
  private given = 0;
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  assumeRole(order: AssumeOrder): Promise<Result<StsGiven, StsFailure>> {
    if (order.durationSeconds < 900 || order.durationSeconds > 3_600) throw new Error("role chaining: 900 to 3,600 s");
    return this.answer({ name: "AssumeRole", order }, order.durationSeconds);
  }

  getScopedCredentials(held: AwsCredentials, order: ScopeOrder): Promise<Result<StsGiven, StsFailure>> {
    if (order.policy === undefined && order.durationSeconds === undefined) throw new Error("ValidationError");
    if (order.description.length > 256) throw new Error("ScopedSessionDescription has at most 256 characters");
    const left = held.expiresAtSeconds - Math.floor(this.clock.nowMillis() / 1000);
    const life = order.durationSeconds ?? left;
    if (life < 1 || life > left) throw new Error("InsufficientSessionLifetime");
    return this.answer({ name: "GetScopedCredentials", held, order }, life);
  }

  private async answer(call: StsCall, lifeSeconds: number): Promise<Result<StsGiven, StsFailure>> {
    const nth = ++this.given;
    this.calls.push(call);
    await this.before?.(call);
    const failure = this.failures.get(call.name);
    if (failure) return err(failure);
    return ok({
      credentials: {
        accessKeyId: `ASIAMEMORY${String(nth).padStart(10, "0")}`,
        secretAccessKey: `secret/of+call${nth}AbCdEfGhIjKlMnOpQrStUvWxYz0`,
        sessionToken: `IQoJb3JpZ2luX2VjEJr//////////token+of${nth}/call==`,
        expiresAtSeconds: Math.floor(this.clock.nowMillis() / 1000) + lifeSeconds,
      },
      requestId: `00000000-0000-4000-8000-${String(nth).padStart(12, "0")}`,
    });
  }
}
