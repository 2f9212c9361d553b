/** Names and shapes on the wire that are Lanyard's own; all else is the standards'. */

/** Token type of a session token (RFC 8693 3, answered with `token_type: N_A`). */
export const sessionTokenType = "lanyard:token-type:session";
/** Token type of an offer handle. */
export const offerTokenType = "lanyard:token-type:offer";
/** Token type of a token for AWS STS, by which an agent takes a role that is its own. */
export const awsTokenType = "lanyard:token-type:aws-web-identity";
/** An access token that is a handle. After the prefix it carries nothing that its holder could read. */
const accessHandle = /^lya_[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}$/;
/** Whether an access token of this deployment is an opaque handle, to be introspected, and not a JWT. */
export const isAccessHandle = (token: string): boolean => accessHandle.test(token);
/** The standard's access token type. */
export const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";
/** The standard's ID token type. */
export const idTokenType = "urn:ietf:params:oauth:token-type:id_token";
/** RFC 8693 2.1. */
export const tokenExchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
/** RFC 7523 2.1. */
export const jwtBearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/** OpenID Connect CIBA Core 1.0, 10.1. */
export const cibaGrant = "urn:openid:params:grant-type:ciba";
/** `typ` of an identity assertion (ID-JAG). */
export const idJagTyp = "oauth-id-jag+jwt";
/** The profile of that grant for identity assertions, as metadata names it. */
export const idJagProfile = "urn:ietf:params:oauth:grant-profile:id-jag";
/** RFC 7523 2.2. */
export const jwtBearerAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** draft-ietf-oauth-spiffe-client-auth-02. */
export const spiffeAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

/**
 * `typ` of every kind of token we sign; a `kid` belongs to one purpose only, so no kind can pass for another (threat
 * 14).
 */
export const tokenTyp = {
  identity: "JWT",
  session: "lanyard-session+jwt",
  access: "at+jwt",
  status: "statuslist+jwt",
  cuts: "lanyard-cuts+jwt",
  /**
   * For AWS STS, which takes no other. A session key signs it, so nothing that believes those keys may believe this
   * `typ`: all of ours refuse it, and its audience.
   */
  aws: "JWT",
} as const;

/** Names of the tags in which evidence carries our challenge, key thumbprint and issuer. */
export const evidenceTags = { challenge: "lanyard-challenge", jkt: "lanyard-jkt", issuer: "lanyard-issuer" } as const;

/** What an X.509-SVID's signature is over. */
export interface SvidBinding {
  readonly challenge: string;
  /** RFC 7638 thumbprint of the key the caller proves. */
  readonly jkt: string;
  /** Our issuer. */
  readonly issuer: string;
}

/**
 * The exact text that an X.509-SVID's key signs, in UTF-8: a context that no other protocol's text begins with,
 * challenge, key thumbprint and issuer, with a zero character between each two. None of the four can contain one, so no
 * two requests have the same text.
 */
export const svidBindingText = ({ challenge, jkt, issuer }: SvidBinding): string =>
  ["lanyard-spiffe-x509-svid-v1", challenge, jkt, issuer].join("\0");

/** `POST <attest>/challenge` → 200. */
export interface ChallengeReply {
  readonly attestation_challenge: string;
  readonly expires_in: number;
}

/** `POST <attest>` request; the agent's key is that of the DPoP proof. */
export interface AttestRequest {
  readonly agent: string;
  readonly evidence: { readonly type: string; readonly [member: string]: unknown };
  readonly challenge: string;
  readonly audience?: string;
}

/** `POST <attest>` → 200. */
export interface AttestReply {
  readonly identity_token: string;
  readonly agent: string;
  readonly assurance: string;
  readonly expires_in: number;
}

/** `POST <token>` → 200 (RFC 8693 2.2.1). */
export interface TokenReply {
  readonly access_token: string;
  readonly issued_token_type: string;
  readonly token_type: "DPoP" | "Bearer" | "N_A";
  readonly expires_in: number;
  readonly scope?: string;
  readonly authorization_details?: readonly object[];
  /** Given with a handle, which cannot be read: the session it belongs to, by the names of the claims. */
  readonly session?: object;
  /** Given with a token for AWS STS: how the role is taken by it. */
  readonly aws?: { readonly role_arn: string; readonly role_session_name: string };
}

/** `POST <credentials>` → 200: the output of a `credential_process` of AWS's SDKs, and whose credentials they are. */
export interface AwsCredentialsReply {
  readonly Version: 1;
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly SessionToken: string;
  /** ISO 8601; never beyond the session's end. */
  readonly Expiration: string;
  /** The same in seconds from the answer, for a caller whose clock is wrong. */
  readonly expires_in: number;
  readonly session: { readonly sid: string; readonly root: string; readonly agent: string; readonly principal: string };
}

/** Paths of the decision point (AuthZEN 1.0, Transport), below its address. There is no search for subjects. */
export const decidePaths = {
  evaluation: "/access/v1/evaluation",
  evaluations: "/access/v1/evaluations",
  resource: "/access/v1/search/resource",
  action: "/access/v1/search/action",
  /** Not AuthZEN's: who serves or fronts a resource tells how a tool is declared now, so that people can be asked. */
  changes: "/tools/changes",
} as const;

/** `POST <admin-revoke>` request. */
export type AdminRevokeRequest =
  | {
      readonly revoke: AdminTarget;
      readonly reason: string;
      readonly cutOnly?: boolean;
      readonly unseen?: boolean;
      /** Of an agent: quarantines it and does not block it. */
      readonly quarantine?: boolean;
    }
  /** Lifts the block, or with `quarantine` the quarantine, never both. */
  | { readonly lift: AdminTarget; readonly reason: string; readonly quarantine?: boolean }
  | { readonly erase: { readonly principal: string }; readonly reason: string }
  | { readonly confirm: { readonly principal: string }; readonly reason: string };

/** Exactly one member. */
export interface AdminTarget {
  readonly session?: string;
  readonly agent?: string;
  readonly principal?: string;
  readonly build?: string;
  readonly deployment?: string;
}

/**
 * An HTTP call as core sees it, built by the Lambda handler from facts the caller cannot choose (domain name, path).
 */
export interface Call {
  readonly method: string;
  /**
   * Scheme, host and path as the platform saw them, without the query. A proof's `htu` must be equal to it (threat 9).
   */
  readonly url: string;
  readonly path: string;
  /** What followed `?` in the URL, undecoded; absent or empty where nothing did. */
  readonly query?: string;
  readonly contentType: string | undefined;
  readonly body: string;
  /** Every DPoP header value that came. */
  readonly dpop: readonly string[];
  /**
   * Of an Authorization header, the scheme alone. Its credentials are never read, so that they cannot end up in a
   * record.
   */
  readonly authorizationScheme?: string;
  readonly requestId: string;
  readonly sourceIp?: string;
  readonly userAgent?: string;
  /** Who signed the call, as the platform authenticated it. It is set only where IAM guards the function's URL. */
  readonly platformCaller?: PlatformCaller;
}

/** A caller as the platform authenticated it (`requestContext.authorizer.iam`), never by what the request says. */
export interface PlatformCaller {
  readonly arn: string;
  /** `AROA…:<session name>` for a role. */
  readonly userId: string;
  readonly account: string;
  readonly organization?: string;
}

/** An HTTP answer. The Lambda handler adds the headers that every answer has. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  readonly contentType: string;
}

/**
 * What a caller is told whose evidence does not prove the named agent, for whatever reason. The client tells by it, and
 * by the next, that another kind of evidence may be registered.
 */
export const notProvedText = "the evidence does not prove the named agent";
/** What a caller is told whose kind of evidence the deployment does not take. */
export const unknownEvidenceText = "this type of evidence is not known here";
