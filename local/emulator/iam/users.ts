/** Users of the account: keys that do not end, and a virtual device each for the second factor (RFC 6238). */
import { createHmac, randomBytes } from "node:crypto";
import { ServiceError } from "../service.ts";
import type { Callers, Credentials, RoleSession } from "./caller.ts";
import { accountOf, roleNameOf } from "./context.ts";
import type { Roles } from "./roles.ts";

/** A user as whoever adds it says it. */
export interface NewUser {
  /** `arn:aws:iam::<account>:user/<path and name>`. */
  readonly arn: string;
  /** Inline policies, as IAM documents. */
  readonly policies?: readonly unknown[];
}

/** A user, and what it holds. */
export interface User {
  /** Without a session token. */
  readonly credentials: Credentials;
  readonly mfaSerial: string;
  /** What the device shows, `steps` of 30 s from now. */
  mfaCode(steps?: number): string;
}

interface Device {
  readonly owner: string;
  readonly secret: Buffer;
  /** The last step whose code was taken: no code counts twice. */
  used: number;
}

/** The users and their devices. */
export interface Users {
  add(user: NewUser): User;
  /** Takes a code of the caller's own device. Throws `AccessDenied`, as STS does. */
  takeCode(caller: RoleSession, serial: string, code: string): void;
}

const stepMillis = 30_000;
/** Steps that a device's clock may be off. */
const mostSteps = 1;

/** An empty book of users. */
export function openUsers({ put }: Roles, callers: Callers, nowMillis: () => number): Users {
  const devices = new Map<string, Device>();
  const step = () => Math.floor(nowMillis() / stepMillis);
  return {
    add({ arn, policies = [] }) {
      put({ arn, policies });
      const mfaSerial = `arn:aws:iam::${accountOf(arn)}:mfa/${roleNameOf(arn)}`;
      const secret = randomBytes(20);
      devices.set(mfaSerial, { owner: arn, secret, used: -1 });
      const credentials = callers.issueKey({ roleArn: arn, sessionName: roleNameOf(arn), tags: {} });
      return { credentials, mfaSerial, mfaCode: (steps = 0) => codeOf(secret, step() + steps) };
    },
    takeCode({ roleArn }, serial, code) {
      const device = devices.get(serial);
      const now = step();
      const fresh = [now, now - mostSteps, now + mostSteps].find(
        (each) => device !== undefined && each > device.used && codeOf(device.secret, each) === code,
      );
      if (device === undefined || device.owner !== roleArn || fresh === undefined) {
        const message = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
        throw new ServiceError("AccessDenied", message, 403);
      }
      device.used = fresh;
    },
  };
}

/** HOTP of a step (RFC 4226), six digits. */
function codeOf(secret: Buffer, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", secret).update(counter).digest();
  const at = (mac.at(-1) ?? 0) & 0x0f;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
