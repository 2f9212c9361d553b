import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { AuditRecord } from "../../core/audit/record.ts";
import type { Baseline, BaselineStore } from "../../core/drift/baseline.ts";
import { patienceSeconds } from "../../core/drift/evaluate.ts";
import { type Found, settingsDigest } from "../../core/drift/function-state.ts";
import { trustsLambdaAlone } from "../../core/drift/trust.ts";
import { watchDrift } from "../../core/endpoints/drift-watch.ts";
import { randomIds } from "../kit/keys.ts";
import { toRecord } from "../kit/records.ts";

const start = Date.parse("2026-11-30T09:00:00Z") / 1000;
const statement = { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" };
const policy = (...Statement: unknown[]) => encodeURIComponent(JSON.stringify({ Version: "2012-10-17", Statement }));
const lambdaAlone = policy(statement);

class Account {
  readonly functions = new Map<string, Found>();
  readonly rows = new Map<string, Baseline>();
  readonly told: { operation: string; target: string; reason: string; evidence: Record<string, string> }[] = [];
  marks = new Map<string, string>();
  nowSeconds = start;
  broken: string | undefined;

  private readonly store: BaselineStore = {
    all: async () => [...this.rows.values()],
    keep: async (baseline: Baseline, records: readonly AuditRecord[]) => {
      if ((this.rows.get(baseline.name)?.revision ?? 0) !== baseline.revision - 1) return false;
      this.rows.set(baseline.name, baseline);
      this.told.push(...records.map(({ body }) => JSON.parse(body).unmapped.lanyard));
      return true;
    },
  };

  /** What CloudFormation does: the functions one after another, the watch at last. */
  deploy(release: string, names: readonly string[] = ["relay", "token", "watch"]): void {
    for (const name of names) {
      const settings = settingsDigest({ release });
      const modifiedAtMillis = this.nowSeconds * 1000;
      const roleArn = `arn:aws:iam::111122223333:role/${name}`;
      this.functions.set(name, {
        codeSha256: `${name}-${release}`,
        roleArn,
        settings,
        modifiedAtMillis,
        trust: lambdaAlone,
      });
      if (name === "watch") this.marks = new Map(["relay", "token", "watch"].map((one) => [one, `${one}@${release}`]));
    }
  }
  change(name: string, to: Partial<Found>): void {
    const found = this.functions.get(name) as Found;
    this.functions.set(name, { ...found, modifiedAtMillis: this.nowSeconds * 1000, ...to });
  }
  /** One look, `afterSeconds` after what was last. */
  async look(afterSeconds = 600): Promise<number> {
    this.nowSeconds += afterSeconds;
    return watchDrift({
      planes: {
        find: async (name) => {
          if (name === this.broken) throw new Error("throttled");
          return this.functions.get(name);
        },
      },
      store: this.store,
      clock: { nowMillis: () => this.nowSeconds * 1000 },
      ids: randomIds,
      toRecord,
      requestId: "r",
      self: "watch",
      marks: this.marks,
    });
  }
  drifts() {
    return this.told.filter(({ operation }) => operation === "deployment.drift");
  }
}

let account: Account;
beforeEach(() => {
  account = new Account();
  account.deploy("1");
});

describe("a deployment", () => {
  test("rings nothing, and the first look after it is recorded for each function", async () => {
    expect(await account.look()).toBe(0);
    expect(account.told.map(({ operation, target }) => `${operation} ${target}`).sort()).toEqual([
      "deployment.seen function:relay",
      "deployment.seen function:token",
      "deployment.seen function:watch",
    ]);
    expect(await account.look()).toBe(0);
    expect(account.told).toHaveLength(3);
    account.deploy("2");
    expect(await account.look()).toBe(0);
    expect(account.drifts()).toEqual([]);
    expect(account.told).toHaveLength(6);
  });

  test("rings nothing while it is under way, and leaves no word of it when it ends well", async () => {
    await account.look();
    account.deploy("2", ["relay"]);
    expect(await account.look()).toBe(0);
    account.deploy("2", ["token"]);
    expect(await account.look()).toBe(0);
    account.deploy("2", ["watch"]);
    expect(await account.look()).toBe(0);
    expect(account.drifts()).toEqual([]);
  });

  test("that fails and is rolled back rings nothing, and is written down as changed and changed back", async () => {
    await account.look();
    account.deploy("2", ["relay", "token"]);
    expect(await account.look()).toBe(0);
    account.deploy("1", ["token", "relay"]);
    expect(await account.look()).toBe(0);
    expect(account.drifts().map(({ target, reason }) => [target, reason])).toEqual([
      ["function:relay", "it is again what was deployed; for 600 s it was not"],
      ["function:token", "it is again what was deployed; for 600 s it was not"],
    ]);
  });

  test("that goes back to an earlier release rings nothing, and a later release after it neither", async () => {
    for (const release of ["1", "2", "1", "3", "2"]) {
      account.deploy(release);
      expect(await account.look()).toBe(0);
    }
    expect(account.drifts()).toEqual([]);
  });

  test("that was left half done rings when no deployment takes so long any more, until the next one", async () => {
    await account.look();
    account.deploy("2", ["relay"]);
    await account.look();
    expect(await account.look(patienceSeconds)).toBe(1);
    expect(account.drifts()).toMatchObject([{ target: "function:relay" }]);
    account.deploy("2");
    expect(await account.look()).toBe(0);
  });
});

describe("threat 45: a change by hand", () => {
  const changes: [string, Partial<Found>, RegExp][] = [
    ["of the code", { codeSha256: "foreign" }, /its code is not what was deployed/],
    ["of the settings", { settings: settingsDigest({ NODE_OPTIONS: "--import=foreign" }) }, /its settings are not/],
    ["of the role", { roleArn: "arn:aws:iam::111122223333:role/admin" }, /its role is not the one/],
  ];

  test.each(changes)(
    "%s rings, once it stands for longer than a deployment may, and is told of once",
    async (_, to, why) => {
      await account.look();
      account.change("token", to);
      expect(await account.look()).toBe(0);
      expect(await account.look(patienceSeconds - 1)).toBe(0);
      expect(await account.look(1)).toBe(1);
      expect(await account.look()).toBe(1);
      expect(account.drifts()).toMatchObject([{ target: "function:token", reason: expect.stringMatching(why) }]);
      expect(account.drifts()[0]?.evidence).toMatchObject({ deployedCodeSha256: "token-1" });
    },
  );

  test.each(changes)("%s rings when it comes between the end of a deployment and the first look", async (_, to) => {
    account.nowSeconds += 1;
    account.change("token", to);
    expect(await account.look()).toBe(0);
    expect(await account.look(patienceSeconds)).toBe(1);
    expect(account.drifts()).toMatchObject([
      { target: "function:token", reason: "it was changed after it was deployed" },
    ]);
  });

  test.each(changes)("%s that is taken back before it rings stands in the audit all the same", async (_, to) => {
    await account.look();
    const before = account.functions.get("token") as Found;
    account.change("token", to);
    await account.look();
    account.change("token", before);
    expect(await account.look()).toBe(0);
    expect(account.drifts()).toMatchObject([
      { target: "function:token", reason: expect.stringContaining("for 600 s") },
    ]);
  });

  test("is not covered by a later deployment that leaves that function alone, nor by one of its settings", async () => {
    await account.look();
    account.change("token", { codeSha256: "foreign" });
    await account.look();
    account.marks = new Map([...account.marks, ["relay", "relay@2"], ["watch", "watch@2"]]);
    account.change("relay", { codeSha256: "relay-2" });
    account.change("watch", { settings: "other" });
    expect(await account.look(patienceSeconds)).toBe(1);
    expect(account.drifts()).toMatchObject([{ target: "function:token" }]);
  });

  test("that goes back to the code of an earlier release rings as any other", async () => {
    await account.look();
    account.deploy("2");
    await account.look();
    account.change("token", { codeSha256: "token-1" });
    await account.look();
    expect(await account.look(patienceSeconds)).toBe(1);
  });

  test("that takes the function away rings", async () => {
    await account.look();
    account.functions.delete("token");
    await account.look();
    expect(await account.look(patienceSeconds)).toBe(1);
    expect(account.drifts()).toMatchObject([{ reason: "it does not exist" }]);
  });
});

describe("threat 45: a role's trust", () => {
  test.each([
    ["another account", policy({ ...statement, Principal: { AWS: "arn:aws:iam::999999999999:root" } })],
    [
      "Lambda and an administrator",
      policy(statement, { ...statement, Principal: { AWS: "arn:aws:iam::111122223333:role/Admin" } }),
    ],
    ["two principals", policy({ ...statement, Principal: { Service: "lambda.amazonaws.com", AWS: "*" } })],
    ["two services", policy({ ...statement, Principal: { Service: ["lambda.amazonaws.com", "ec2.amazonaws.com"] } })],
    ["everybody", policy({ ...statement, Principal: "*" })],
    ["all but somebody", policy({ Effect: "Allow", NotPrincipal: { AWS: "x" }, Action: "sts:AssumeRole" })],
    ["more actions", policy({ ...statement, Action: ["sts:AssumeRole", "sts:SetSourceIdentity"] })],
    [
      "a condition that was not deployed",
      policy({ ...statement, Condition: { Bool: { "aws:SecureTransport": "true" } } }),
    ],
    ["nobody", policy()],
    ["no JSON", encodeURIComponent("{")],
    ["no percent-encoding", "%"],
  ])("that lets in %s rings at the first look, in a deployment or not", async (_, trust) => {
    await account.look();
    account.change("token", { trust, modifiedAtMillis: start * 1000 });
    expect(await account.look()).toBe(1);
    expect(account.drifts()).toMatchObject([
      { target: "function:token", reason: "its role can be assumed by others than Lambda" },
    ]);
  });

  test("is taken as deployed in every way of writing it", () => {
    for (const one of [statement, { ...statement, Sid: "x" }, { ...statement, Action: ["sts:AssumeRole"] }])
      expect(trustsLambdaAlone(policy(one))).toBe(true);
    expect(trustsLambdaAlone(encodeURIComponent(JSON.stringify({ Statement: statement })))).toBe(true);
  });

  test("of a role that is gone, or is none of ours, rings when no deployment takes so long", async () => {
    await account.look();
    account.change("token", { trust: undefined });
    expect(await account.look()).toBe(0);
    expect(await account.look(patienceSeconds)).toBe(1);
  });
});

test("a control plane that does not answer fails the look, after every other function was looked at", async () => {
  await account.look();
  account.change("token", { trust: policy({ ...statement, Principal: "*" }) });
  account.broken = "relay";
  await expect(account.look()).rejects.toThrow("1 functions could not be looked at");
  expect(account.drifts()).toMatchObject([{ target: "function:token" }]);
});

test("whatever deployments come and go, none rings; and a change by hand among them does unless it is deployed over", async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("deploy" as const), release: fc.integer({ min: 1, max: 4 }).map(String) }),
    fc.record({ kind: fc.constant("look" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const world = new Account();
      world.deploy("1");
      for (const one of steps) {
        world.nowSeconds += 60;
        if (one.kind === "deploy") world.deploy(one.release);
        else expect(await world.look()).toBe(0);
      }
      await world.look();
      expect(world.drifts()).toEqual([]);
      world.change("token", { codeSha256: "foreign" });
      await world.look();
      expect(await world.look(patienceSeconds)).toBe(1);
      world.deploy("5");
      expect(await world.look()).toBe(0);
    }),
    { numRuns: 100 },
  );
});

test("settings are the same in whatever order their members come, and another in any member", () => {
  expect(settingsDigest({ a: 1, b: { c: [1, 2], d: undefined } })).toBe(settingsDigest({ b: { c: [1, 2] }, a: 1 }));
  expect(settingsDigest({ a: [1, 2] })).not.toBe(settingsDigest({ a: [2, 1] }));
});
