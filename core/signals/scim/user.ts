import { bytesOfBase64url } from "../../text/base64url.ts";
import { subjectForm } from "../subject.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * A user's `id`: the person's `sub` at the issuer, base64url. It is made of the name that the client itself says, so
 * that nothing has to be kept to find the person by it: there is no directory of people here.
 */
const idOfSubject = (subject: string): string => Buffer.from(subject, "utf8").toString("base64url");

/**
 * The `sub` in an id.
 * @returns undefined for what no `sub` makes, in its one spelling
 */
export function subjectOfId(id: string): string | undefined {
  const bytes = bytesOfBase64url(id);
  try {
    const subject = bytes && utf8.decode(bytes);
    return subject !== undefined && subjectForm.test(subject) ? subject : undefined;
  } catch {
    return undefined;
  }
}

/** What is shown of a user. */
interface ShownUser {
  readonly subject: string;
  /** Which attribute is the person's `sub`. */
  readonly named: "userName" | "externalId";
  readonly active: boolean;
  /** Address of all users. */
  readonly users: string;
  /** Names that the client said in this very request, and may expect to see again. */
  readonly said?: { readonly userName?: string; readonly externalId?: string };
}

/** A user as a client is shown it (RFC 7643 4.1): its names and whether it is active, since nothing else is known. */
export function shownUser({ subject, named, active, users, said = {} }: ShownUser) {
  const id = idOfSubject(subject);
  return {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    id,
    // required of every user; where the client has another name for the person, it is not known here
    userName: subject,
    ...said,
    [named]: subject,
    active,
    meta: { resourceType: "User", location: `${users}/${id}` },
  };
}
