/** A caller of AWS, as IAM knows it for good: a name can be given to somebody else, a unique id never is. */
export interface IamCaller {
  /** `AROA…` of a role, `AIDA…` of a user. */
  readonly uniqueId: string;
  /**
   * Of a role, whose sessions are many people's: the name of the session. The address of `approve` admits only sessions
   * whose name is their source identity, or that IAM Identity Center named.
   */
  readonly session?: string;
}

/**
 * A person who approves as a caller of AWS: whom IAM's word stands for, and what that person may approve. Whoever proves
 * the same person by a token is the same approver.
 */
export interface ApproverRegistration {
  readonly kind: "approver";
  readonly name: string;
  /** The person, at a trusted issuer of persons: the same one whose tokens agents show. */
  readonly person: { readonly issuer: string; readonly sub: string };
  readonly iam: IamCaller;
  /** Groups of approvers that the person is in when IAM proves it, as `<trusted issuer's name>/<group>`. */
  readonly groups: readonly string[];
}

/** The text by which two callers of AWS are one. */
export const iamCallerKey = ({ uniqueId, session }: IamCaller): string =>
  session === undefined ? uniqueId : `${uniqueId}:${session}`;
