import { fc, test } from "@fast-check/vitest";
import { beforeAll, describe, expect } from "vitest";
import type { Credentials } from "../../../local/emulator/iam/caller.ts";
import {
  allow,
  assume,
  document,
  home,
  outcome,
  pass,
  resetClock,
  role,
  scope,
  setUp,
  somebody,
  taken,
  trusting,
  whoIs,
} from "./ground.ts";

setUp();

/** What a session is said to be, by a model that knows the rules and nothing of the implementation. */
interface Model {
  readonly sourceIdentity: string | undefined;
  readonly transitive: ReadonlySet<string>;
  readonly endsAtSeconds: number;
  readonly scoped: number;
}

const key = fc.constantFrom("agent", "team", "tree");
const assuming = fc.record(
  {
    kind: fc.constant("assume" as const),
    sourceIdentity: fc.constantFrom("lyd.r.s1", "lyd.r.s2"),
    tags: fc.uniqueArray(key, { maxLength: 2 }),
    transitive: fc.boolean(),
    seconds: fc.constantFrom(900, 3_600, 3_601),
  },
  { requiredKeys: ["kind", "tags", "transitive"] },
);
const scoping = fc.record(
  {
    kind: fc.constant("scope" as const),
    narrow: fc.boolean(),
    seconds: fc.constantFrom(60, 120, 900, 3_000),
  },
  { requiredKeys: ["kind", "narrow"] },
);
const waiting = fc.record({ kind: fc.constant("wait" as const), seconds: fc.constantFrom(1, 30, 70) });
const step = fc.oneof(assuming, scoping, waiting);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What a step must come to: the session after it, or the error's name. */
function expected(model: Model, asked: Exclude<Step, { kind: "wait" }>, now: number): Partial<Model> | string {
  if (now >= model.endsAtSeconds) return "ExpiredToken";
  if (asked.kind === "assume") {
    if (asked.tags.some((tag) => model.transitive.has(tag))) return "InvalidParameterValue";
    if (asked.sourceIdentity !== undefined && asked.sourceIdentity !== (model.sourceIdentity ?? asked.sourceIdentity))
      return "AccessDenied";
    if (asked.seconds === 3_601) return "ValidationError";
    return {
      sourceIdentity: asked.sourceIdentity ?? model.sourceIdentity,
      transitive: new Set([...model.transitive, ...(asked.transitive ? asked.tags : [])]),
      scoped: 0,
    };
  }
  if (!asked.narrow && asked.seconds === undefined) return "ValidationError";
  if (asked.narrow && model.scoped >= 3) return "AccessDenied";
  if (asked.seconds !== undefined && asked.seconds > model.endsAtSeconds - now) return "InsufficientSessionLifetime";
  return { scoped: model.scoped + (asked.narrow ? 1 : 0) };
}

describe("any chain of sessions", () => {
  let target: string;
  beforeAll(() => {
    target = role([
      trusting(`arn:aws:iam::${home}:root`, ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]),
    ]);
  });
  const policy = JSON.stringify(document(allow(["sts:*", "dynamodb:GetItem"])));

  const ask = (by: Credentials, asked: Exclude<Step, { kind: "wait" }>) =>
    asked.kind === "scope"
      ? scope(by, { ...(asked.narrow && { Policy: policy }), DurationSeconds: asked.seconds })
      : assume(by, target, {
          SourceIdentity: asked.sourceIdentity,
          DurationSeconds: asked.seconds,
          Tags: asked.tags.map((Key) => ({ Key, Value: "x" })),
          ...(asked.transitive && { TransitiveTagKeys: asked.tags }),
        });

  test.prop([fc.array(step, { minLength: 1, maxLength: 8 })], { numRuns: 60 })(
    "threat 21: keeps its source identity and its transitive tags, ends no later than it was said to, and is stacked three deep at most",
    async (steps) => {
      let by: Credentials = somebody([allow("sts:*")]);
      let model: Model = {
        sourceIdentity: undefined,
        transitive: new Set(),
        endsAtSeconds: Number.MAX_SAFE_INTEGER,
        scoped: 0,
      };
      let ahead = 0;
      resetClock();
      const now = () => Date.now() / 1000 + ahead;
      for (const asked of steps) {
        if (asked.kind === "wait") {
          // signatures are good for five minutes
          if (ahead + asked.seconds > 240) continue;
          ahead += asked.seconds;
          pass(asked.seconds);
          continue;
        }
        const wanted = [expected(model, asked, now())];
        const answer = await ask(by, asked).catch((thrown: Error) => thrown.name.replace(/Exception$/, ""));
        // STS looked at the clock somewhere in between
        wanted.push(expected(model, asked, now()));
        if (typeof answer === "string") {
          expect(wanted).toContain(answer);
          continue;
        }
        const want = wanted.find((each) => typeof each !== "string");
        expect(want).toBeDefined();
        model = { ...model, ...(want as Partial<Model>) };
        const endsAtSeconds = (answer.Credentials?.Expiration?.getTime() ?? 0) / 1000;
        expect(answer.SourceIdentity).toBe(model.sourceIdentity);
        if (asked.kind === "scope") expect(endsAtSeconds).toBeLessThanOrEqual(model.endsAtSeconds);
        expect(endsAtSeconds).toBeLessThanOrEqual(now() + (asked.seconds ?? 12 * 3_600));
        model = { ...model, endsAtSeconds };
        by = taken(answer);
        const alive = await outcome(whoIs(by));
        if (now() < endsAtSeconds) expect(alive).toBe("ok");
      }
    },
  );
});
