import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { beforeEach, describe, expect, it } from "vitest";
import type { User } from "../../../local/emulator/iam/users.ts";
import { allow, cloud, document, home, pass, role, setUp, trusting, variable } from "./ground.ts";

setUp();

let count = 0;
let user: User;
let name: string;
beforeEach(() => {
  name = `glass-${++count}`;
  user = cloud.addUser({ arn: `arn:aws:iam::${home}:user/break/${name}` });
});

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

async function asked<T>(credentials: Keys, ask: (sts: STSClient) => Promise<T>): Promise<T | string> {
  const { endpoint, region } = cloud.aws;
  const { sessionToken, ...keys } = credentials;
  const own = { ...keys, ...(sessionToken ? { sessionToken } : {}) };
  const sts = new STSClient({ endpoint, region, credentials: own, maxAttempts: 1 });
  return ask(sts)
    .catch((cause: Error) => cause.name)
    .finally(() => sts.destroy());
}

const outcome = async (
  credentials: Keys,
  RoleArn: string,
  more: { readonly SerialNumber?: string; readonly TokenCode?: string; readonly RoleSessionName?: string } = {},
) => {
  const made = await asked(credentials, (sts) =>
    sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: name, ...more })),
  );
  return typeof made === "string" ? made : made.AssumedRoleUser?.Arn?.split("/").slice(-1)[0];
};

/** Temporary credentials of the user, with the factor where a code is given. */
async function temporary(TokenCode?: string): Promise<Keys> {
  const factor = TokenCode === undefined ? {} : { SerialNumber: user.mfaSerial, TokenCode };
  const made = await asked(user.credentials, (sts) => sts.send(new GetSessionTokenCommand(factor)));
  if (typeof made === "string") throw new Error(made);
  const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = made.Credentials ?? {};
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

const guarded = () =>
  role([
    trusting(`arn:aws:iam::${home}:user/break/${name}`, "sts:AssumeRole", {
      Condition: {
        StringEquals: { "sts:RoleSessionName": variable("aws:username"), "aws:RequestedRegion": "eu-west-1" },
        Bool: { "aws:MultiFactorAuthPresent": "true" },
        NumericLessThanEquals: { "aws:MultiFactorAuthAge": "200" },
      },
    }),
  ]);

describe("a user", () => {
  it("signs without a session token, and is whom STS names", async () => {
    const answer = await asked(user.credentials, (sts) => sts.send(new GetCallerIdentityCommand({})));
    expect(answer).toMatchObject({
      Arn: `arn:aws:iam::${home}:user/break/${name}`,
      UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
    });
    expect(
      await asked({ ...user.credentials, sessionToken: "x" }, (sts) => sts.send(new GetCallerIdentityCommand({}))),
    ).toBe("InvalidClientTokenId");
  });

  it("takes a role that asks for a second factor by a code of its device, once, and under its own name alone", async () => {
    const factor = () => ({ SerialNumber: user.mfaSerial, TokenCode: user.mfaCode() });
    const target = guarded();
    expect(await outcome(user.credentials, target)).toBe("AccessDenied");
    expect(await outcome(user.credentials, target, { ...factor(), TokenCode: "000000" })).toBe("AccessDenied");
    const once = factor();
    expect(await outcome(user.credentials, target, once)).toBe(name);
    expect(await outcome(user.credentials, target, once)).toBe("AccessDenied");
    expect(
      await outcome(user.credentials, target, { ...factor(), TokenCode: user.mfaCode(1), RoleSessionName: "ada" }),
    ).toBe("AccessDenied");
  });

  it("takes none by the device of another user", async () => {
    const other = cloud.addUser({ arn: `arn:aws:iam::${home}:user/${name}-other` });
    const factor = { SerialNumber: other.mfaSerial, TokenCode: other.mfaCode() };
    expect(await outcome(user.credentials, guarded(), factor)).toBe("AccessDenied");
  });

  it("carries the factor in temporary credentials of its own, for as long as the role believes it", async () => {
    const target = guarded();
    expect(await outcome(await temporary(), target)).toBe("AccessDenied");
    const held = await temporary(user.mfaCode());
    expect(await outcome(held, target)).toBe(name);
    pass(195);
    expect(await outcome(held, target)).toBe(name);
    pass(10);
    expect(await outcome(held, target)).toBe("AccessDenied");
  });

  it("passes no factor on to a role's session: a role that asks for one is taken by none", async () => {
    const arn = `arn:aws:iam::${home}:role/${name}-ops`;
    const ops = cloud.addOperator(arn, document(allow("*")));
    const target = role([
      trusting(`arn:aws:iam::${home}:root`, "sts:AssumeRole", {
        Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } },
      }),
    ]);
    expect(await outcome(ops, target)).toBe("AccessDenied");
  });
});
