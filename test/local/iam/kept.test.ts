import { describe, expect, it } from "vitest";
import { type Asking, type Deciding, decide } from "../../../local/emulator/iam/decide.ts";
import { openRoles } from "../../../local/emulator/iam/roles.ts";

const arn = "arn:aws:iam::111122223333:role/worker";
const access = { action: "s3:GetObject", resource: "arn:aws:s3:::papers/a", context: {} };
const allowing = (Condition: object) => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "s3:Get*", Resource: "arn:aws:s3:::papers/*", Condition }],
});

/** One caller that is asked about again and again, as by a process that lives for days. */
function ground() {
  const clock = { millis: Date.parse("2026-12-01T00:00:00Z") };
  const deciding: Deciding = {
    roles: openRoles(() => clock.millis),
    ofResources: new Map(),
    home: { account: "111122223333", region: "eu-west-1" },
    nowMillis: () => clock.millis,
  };
  const asking: Asking = { roleArn: arn, sessionName: "s", tags: { Desk: "north" } };
  const isAllowed = () => decide(deciding, { asking, access, policy: undefined }) === undefined;
  return { clock, roles: deciding.roles, isAllowed };
}

describe("what is kept of a caller and of statements between two calls", () => {
  it("follows the role's tags as they stand at each call", () => {
    const { roles, isAllowed } = ground();
    const policies = [allowing({ StringEquals: { "aws:PrincipalTag/Team": "red" } })];
    const seen = ["red", "blue", undefined, "red"].map((Team) => {
      roles.put({ arn, policies, ...(Team === undefined ? {} : { tags: { Team } }) });
      return isAllowed();
    });
    expect(seen).toEqual([true, false, false, true]);
  });

  it("leaves a session's tag over its role's, whatever the role's are by then", () => {
    const { roles, isAllowed } = ground();
    const policies = [allowing({ StringEquals: { "aws:PrincipalTag/desk": "north" } })];
    for (const DESK of ["south", "north", "east"]) {
      roles.put({ arn, policies, tags: { DESK } });
      expect(isAllowed()).toBe(true);
    }
  });

  it("follows the role's policies as they stand at each call", () => {
    const { roles, isAllowed } = ground();
    expect(isAllowed()).toBe(false);
    roles.put({ arn, policies: [allowing({})] });
    expect(isAllowed()).toBe(true);
    roles.put({ arn, policies: [allowing({ Bool: { "aws:SecureTransport": "false" } })] });
    expect(isAllowed()).toBe(false);
  });

  it("ends with the second that a policy names, and begins with it", () => {
    const { clock, roles, isAllowed } = ground();
    const until = "2026-12-01T00:00:02Z";
    roles.put({ arn, policies: [allowing({ DateLessThan: { "aws:CurrentTime": until } })] });
    const seen = [0, 999, 1_000, 1_000, 1].map((laterMillis) => {
      clock.millis += laterMillis;
      return isAllowed();
    });
    expect(seen).toEqual([true, true, true, false, false]);
    clock.millis -= 60_000;
    expect(isAllowed()).toBe(true);
  });

  it("fills a variable anew at each call", () => {
    const { roles, isAllowed } = ground();
    const Resource = ["arn:aws:s3:::papers/$" + "{aws:PrincipalTag/Path}"];
    const policies = [{ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:*", Resource }] }];
    const seen = ["a", "b", "*", "a"].map((Path) => {
      roles.put({ arn, policies, tags: { Path } });
      return isAllowed();
    });
    expect(seen).toEqual([true, false, false, true]);
  });
});
