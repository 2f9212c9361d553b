import { createCipheriv, createDecipheriv } from "node:crypto";
import { isPerson } from "../model/person-key.ts";
import type { Ids } from "../model/ports.ts";
import type { AuditFacts } from "./record.ts";

/** What stands where a text of a person could not be encrypted, since no key was at hand. */
export const withheld = "[withheld]";

/** How an encrypted text begins; behind it base64url of nonce, ciphertext and tag. */
const prefix = "enc:v1:";
const nonceBytes = 12;
const tagBytes = 16;
const algorithm = "aes-256-gcm";

/** Where an encrypted text stands. It is the associated data, so that a text that was moved does not decrypt. */
interface Place {
  readonly eventId: string;
  /** `purpose`, `reason`, or of a question `asked[<number>].purpose` and `asked[<number>].groups`. */
  readonly column: string;
}

const associated = ({ eventId, column }: Place): Buffer => Buffer.from(`${eventId}\n${column}`, "utf8");

/** Whether a text of a record is an encrypted one. */
export const isEncrypted = (text: string): boolean => text.startsWith(prefix);

/**
 * Encrypts a text of a person under that person's key: AES-256-GCM (NIST SP 800-38D), a random nonce of 96 bits each
 * time, so that equal texts do not look equal.
 * @param key 256 bits, base64url
 */
export function encryptText(text: string, key: string, { place, ids }: { place: Place; ids: Pick<Ids, "id"> }): string {
  const nonce = Buffer.from(ids.id(), "base64url").subarray(0, nonceBytes);
  const cipher = createCipheriv(algorithm, Buffer.from(key, "base64url"), nonce, { authTagLength: tagBytes });
  cipher.setAAD(associated(place));
  const sealed = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `${prefix}${sealed.toString("base64url")}`;
}

/**
 * Decrypts what {@link encryptText} made.
 * @param key 256 bits, base64url
 * @returns undefined for another key (the person was erased since), another place, or changed bytes
 */
export function decryptText(text: string, key: string, place: Place): string | undefined {
  const sealed = Buffer.from(isEncrypted(text) ? text.slice(prefix.length) : "", "base64url");
  if (sealed.length < nonceBytes + tagBytes) return undefined;
  try {
    const nonce = sealed.subarray(0, nonceBytes);
    const decipher = createDecipheriv(algorithm, Buffer.from(key, "base64url"), nonce, { authTagLength: tagBytes });
    decipher.setAAD(associated(place));
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}

/** Kinds of targets that are no person and no person's: an operator's reason about one of them stays readable. */
const notOfPersons = /^(?:agent|build|deployment|registry|key|function)(?=:|$)|^principal:spiffe:\/\//;

/** Whose words a column has: a person's, nobody's, or possibly somebody's who is not known. */
type Whose = { readonly person: string } | "nobody" | "unknown";

const ofPrincipal = (principal: string | undefined): Whose => {
  if (principal === undefined) return "unknown";
  return isPerson(principal) ? { person: principal } : "nobody";
};

/** Whom an operator's reason is about. */
const ofReason = ({ target = "", principal, operator }: AuditFacts): Whose => {
  // what no operator wrote is a text of our own
  if (!operator || notOfPersons.test(target)) return "nobody";
  const named = target.startsWith("principal:") ? target.slice("principal:".length) : principal;
  return ofPrincipal(named);
};

/** What encrypting the columns of one record needs. */
interface Sealing {
  readonly facts: AuditFacts;
  readonly eventId: string;
  readonly ids: Pick<Ids, "id">;
}

/**
 * Encrypts what columns say of a person in free text and claims: `purpose`, `reason`, and of each question purpose and
 * groups. Where no key of exactly that person is at hand (a refusal before its row was read, a read that failed) the
 * text is withheld: written in clear once, it would stay for as long as the log. Types of columns do not change.
 * @param columns redacted and cut already: neither may touch what is encrypted
 */
export function sealColumns(columns: Record<string, unknown>, sealing: Sealing): Record<string, unknown> {
  const { facts } = sealing;
  const { purpose, reason, asked } = columns;
  const said = ofPrincipal(facts.principal);
  return {
    ...columns,
    ...(typeof purpose === "string" ? { purpose: sealed(purpose, "purpose", said, sealing) } : {}),
    ...(typeof reason === "string" ? { reason: sealed(reason, "reason", whoseReason(facts), sealing) } : {}),
    ...(Array.isArray(asked) ? { asked: asked.map((one, n) => sealQuestion(one, n, sealing)) } : {}),
  };
}

/**
 * An erasure deletes the key that its own reason would be encrypted under. It stays readable, and is a short reference
 * for that reason: of an act that cannot be undone the log must say why.
 */
const whoseReason = (facts: AuditFacts): Whose => (facts.operation === "person.erase" ? "nobody" : ofReason(facts));

function sealQuestion(question: unknown, n: number, sealing: Sealing): unknown {
  const { principal, purpose, groups, ...rest } = question as {
    readonly principal?: string;
    readonly purpose?: string;
    readonly groups?: readonly string[];
  };
  const whose = ofPrincipal(principal);
  if (whose === "nobody") return question;
  const text = (value: string, name: string) => sealed(value, `asked[${n}].${name}`, whose, sealing);
  return {
    ...rest,
    principal,
    // one text for all of them: neither their number nor which of them two questions share can be seen
    groups: groups && groups.length > 0 ? [text(JSON.stringify(groups), "groups")] : [],
    ...(purpose === undefined ? {} : { purpose: text(purpose, "purpose") }),
  };
}

function sealed(text: string, column: string, whose: Whose, { facts, eventId, ids }: Sealing): string {
  if (whose === "nobody") return text;
  const { personKey } = facts;
  if (whose === "unknown" || personKey?.person !== whose.person) return withheld;
  return encryptText(text, personKey.key, { place: { eventId, column }, ids });
}
