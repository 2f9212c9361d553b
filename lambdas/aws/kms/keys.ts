import { createHash, createPublicKey } from "node:crypto";
import {
  DescribeKeyCommand,
  GetKeyPolicyCommand,
  GetPublicKeyCommand,
  type KeyMetadata,
  KMSClient,
  SignCommand,
} from "@aws-sdk/client-kms";
import type { JWK } from "jose";
import { thumbprintInput } from "../../../core/jose/public-jwk.ts";
import { SigningKeyGone } from "../../../core/jose/sign.ts";
import type { KeyPurpose, PublicKey, SigningAlgorithm } from "../../../core/model/ports.ts";
import { err, ok, type Result } from "../../../core/model/result.ts";
import type { HeldKey, KeyHolder } from "../../../core/ring/ports.ts";
import { sha256 } from "../../../core/text/digest.ts";
import { patient } from "../patience.ts";
import { type KeyRoles, keyPolicyFault, kmsNames } from "./key-policy.ts";

/** The KMS client that all adapters share. */
export const kmsClient = (): KMSClient =>
  patient(
    new KMSClient({
      maxAttempts: 3,
      requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true },
    }),
  );

/**
 * How long a key that was found unfit is not checked again, so that callers of a public function cannot cause KMS
 * calls.
 */
const refusalMillis = 60_000;

/** Errors by which KMS says that a key no longer exists or cannot be used; repeating does not help. */
const goneErrors = ["DisabledException", "KMSInvalidStateException", "NotFoundException"];
const isGone = (failure: unknown): failure is Error => failure instanceof Error && goneErrors.includes(failure.name);

/**
 * Creates the holder of KMS keys: each instance checks a key once, since public half, origin and kind never change, and
 * only administrators of the account can change its policy.
 */
export function createKeyHolder(
  kms: KMSClient,
  roles: KeyRoles,
  nowMillis: () => number = () => Date.now(),
): KeyHolder {
  const held = new Map<string, { readonly found: Promise<Result<HeldKey, string>>; readonly atMillis: number }>();
  return {
    hold(keyArn, purpose, alg) {
      const name = `${purpose} ${alg} ${keyArn}`;
      const known = held.get(name);
      if (known) return known.found;
      const found = look(kms, { keyArn, purpose, alg }, roles);
      held.set(name, { found, atMillis: nowMillis() });
      const forget = () => held.delete(name);
      found.then(({ ok: fit }) => fit || setTimeout(forget, refusalMillis).unref(), forget);
      return found;
    },
  };
}

async function look(
  kms: KMSClient,
  asked: { readonly keyArn: string; readonly purpose: KeyPurpose; readonly alg: SigningAlgorithm },
  roles: KeyRoles,
): Promise<Result<HeldKey, string>> {
  const { keyArn, alg } = asked;
  try {
    const fault = await keyFault(kms, asked, roles);
    if (fault !== undefined) return err(fault);
    const { PublicKey: spki } = await kms.send(new GetPublicKeyCommand({ KeyId: keyArn }));
    if (!spki) throw new Error(`KMS gave no public key for ${keyArn}`);
    const read = await publicKeyOf(spki, alg);
    if (!read) return err(`it is no ${kmsNames[alg].spec} key`);
    return ok({ ...read, sign: signBy(kms, { keyArn, alg, kid: read.kid }) });
  } catch (failure) {
    if (isGone(failure)) return err(`KMS: ${failure.name}`);
    throw failure;
  }
}

/**
 * Why a key must not be trusted. Somebody else may have the material of an imported key, or a copy of a multi-Region
 * key; and its policy decides who may sign.
 */
export async function keyFault(
  kms: KMSClient,
  { keyArn, purpose, alg }: { readonly keyArn: string; readonly purpose: KeyPurpose; readonly alg: SigningAlgorithm },
  roles: KeyRoles,
): Promise<string | undefined> {
  const [{ KeyMetadata: metadata }, { Policy: policy }] = await Promise.all([
    kms.send(new DescribeKeyCommand({ KeyId: keyArn })),
    kms.send(new GetKeyPolicyCommand({ KeyId: keyArn, PolicyName: "default" })),
  ]);
  return (
    kindFault(metadata, kmsNames[alg].spec, roles) ??
    (policy === undefined ? "it has no policy" : keyPolicyFault(policy, purpose, roles))
  );
}

function kindFault(metadata: KeyMetadata | undefined, spec: string, roles: KeyRoles): string | undefined {
  if (!metadata) return "KMS does not describe it";
  const { Origin, MultiRegion, KeySpec, KeyUsage, AWSAccountId } = metadata;
  if (Origin !== "AWS_KMS") return `its material comes from ${Origin}`;
  if (MultiRegion) return "it may have copies in other Regions";
  if (KeySpec !== spec || KeyUsage !== "SIGN_VERIFY") return `it is a ${KeySpec} key for ${KeyUsage}, not ${spec}`;
  return AWSAccountId === roles.rotator.split(":")[4] ? undefined : "it is another account's";
}

/** The public half as a JWK; undefined when it is of another kind, or RSA below 2048 bits (RFC 7518 3.3). */
export async function publicKeyOf(spki: Uint8Array, alg: SigningAlgorithm): Promise<PublicKey | undefined> {
  const exported = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" }).export({ format: "jwk" });
  const { kty, crv, x, y, n, e } = exported as JWK;
  const isEc = alg === "ES256" && kty === "EC" && crv === "P-256" && x !== undefined && y !== undefined;
  const isRsa = alg === "RS256" && kty === "RSA" && n !== undefined && e !== undefined;
  if (!isEc && !(isRsa && Buffer.from(n, "base64url").length >= 256)) return undefined;
  const jwk = (isEc ? { kty, crv, x, y } : { kty, n, e }) as JWK;
  const kid = await sha256(thumbprintInput(jwk));
  return { kid, alg, jwk: { ...jwk, kid, alg, use: "sig" } };
}

/** @returns a function that signs with one key of KMS */
export function signBy(
  kms: KMSClient,
  { keyArn, alg, kid }: { readonly keyArn: string; readonly alg: SigningAlgorithm; readonly kid: string },
): (signingInput: Uint8Array, joinId: string) => Promise<{ signature: Uint8Array; requestId: string | undefined }> {
  return async (signingInput, joinId) => {
    const command = new SignCommand({
      // the key's own ARN, never an alias, since an alias may change later than key policies do
      KeyId: keyArn,
      // DIGEST, since a token may be longer than the 4096 bytes that KMS would hash itself
      Message: createHash("sha256").update(signingInput).digest(),
      MessageType: "DIGEST",
      SigningAlgorithm: kmsNames[alg].algorithm,
    });
    nameInUserAgent(command, joinId);
    const answer = await kms.send(command).catch((failure: unknown) => {
      throw isGone(failure) ? new SigningKeyGone(kid, { cause: failure }) : failure;
    });
    if (!answer.Signature) throw new Error("KMS answered without a signature");
    const signature = alg === "ES256" ? derToJose(answer.Signature) : answer.Signature;
    return { signature, requestId: answer.$metadata.requestId };
  };
}

/**
 * CloudTrail records neither message nor signature of a Sign call, but its user agent. The session's id in it joins the
 * call with our record, and a Sign call without one is not ours (threat 11).
 */
export function nameInUserAgent(command: SignCommand, joinId: string): void {
  // we made the id, but it becomes part of a header, so no character that could end a header is allowed
  if (!/^[A-Za-z0-9_#-]{1,64}$/.test(joinId)) throw new Error("a join id is letters, digits, _, - and #");
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string> };
      request.headers["user-agent"] = `${request.headers["user-agent"] ?? ""} lanyard/${joinId}`.trim();
      return next(args);
    },
    { step: "build", priority: "low", name: "lanyardJoinId" },
  );
}

/**
 * Turns KMS's signature into JOSE's: DER SEQUENCE { r, s } (RFC 3279 2.2.3) to 32 + 32 bytes (RFC 7518 3.4). DER drops
 * leading zeros and adds one before a set top bit, so either number may be shorter or one byte longer than 32.
 * @throws when the bytes are anything but strict DER of two positive numbers of at most 32 bytes
 */
export function derToJose(der: Uint8Array): Uint8Array {
  const bytes = Buffer.from(der);
  // a P-256 signature has at most 72 bytes, so its lengths never need the long form
  if (bytes[0] !== 0x30 || bytes[1] !== bytes.length - 2 || bytes.length > 72) throw malformed("no sequence");
  const r = integerAt(bytes, 2);
  const s = integerAt(bytes, r.next);
  if (s.next !== bytes.length) throw malformed("bytes after s");
  return Buffer.concat([r.value, s.value]);
}

function integerAt(bytes: Buffer, at: number): { value: Buffer; next: number } {
  const length = bytes[at + 1];
  if (bytes[at] !== 0x02 || length === undefined || length === 0) throw malformed("no integer");
  const next = at + 2 + length;
  const content = bytes.subarray(at + 2, next);
  if (content.length !== length) throw malformed("an integer is cut off");
  const [first = 0, second = 0] = content;
  if (first >= 0x80) throw malformed("a negative number");
  if (first === 0 && length > 1 && second < 0x80) throw malformed("a padded number");
  const digits = first === 0 ? content.subarray(1) : content;
  if (digits.length === 0) throw malformed("zero");
  if (digits.length > 32) throw malformed("more than 32 bytes");
  return { value: Buffer.concat([Buffer.alloc(32 - digits.length), digits]), next };
}

const malformed = (what: string) => new Error(`KMS answered a signature that is not ECDSA in DER: ${what}`);
