import type { DetailsTypeDeclaration, DetailsUse } from "../../../client/verify.ts";

/** What a verifier of a case is told beside the file's issuer and resource. */
export interface CaseOptions {
  readonly acceptBearer?: true;
  readonly algorithm?: "ES256" | "RS256";
  /** Secret of the nonces, base64url. */
  readonly nonces?: string;
  readonly details?: readonly DetailsTypeDeclaration[];
  readonly freshSeconds?: number;
  readonly requestUrl?: string;
  readonly crossOrigin?: false;
  readonly description?: {
    readonly name?: string;
    readonly documentation?: string;
    readonly scopes?: readonly string[];
  };
  /** Introspects: what the issuer answers to a token; a text is why there is no answer. */
  readonly introspect?: Readonly<Record<string, object | string>>;
}

/** An answer to compare whole. */
export interface CaseReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One request to the case's verifier. */
export interface CaseStep {
  /** Seconds that pass before it. */
  readonly after?: number;
  /** Documents that change before it; null withdraws one. */
  readonly documents?: Readonly<Record<string, string | null>>;
  /** POST unless given. */
  readonly method?: string;
  /** Path and query; those of the file's request unless given. */
  readonly target?: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Scopes that every challenge names, told before the request is judged. */
  readonly operation?: readonly string[];
  /** Scopes that the operation needs. */
  readonly requires?: readonly string[];
  /** What the request is about to do. */
  readonly permits?: DetailsUse;
  /** `accepted`, or the code of the refusal. */
  readonly expect: string;
  /** Facts of the access. */
  readonly access?: Readonly<Record<string, unknown>>;
  /** The whole answer of a refusal. */
  readonly reply?: CaseReply;
}

/** One verifier, and the requests that it gets. */
export interface VerifyCase {
  readonly id: string;
  readonly title: string;
  readonly options?: CaseOptions;
  readonly documents?: Readonly<Record<string, string | null>>;
  /** Stands for `{token}` in its headers. */
  readonly token?: string;
  readonly steps: readonly CaseStep[];
}

/** A file of cases. */
export interface CaseFile {
  readonly about: string;
  readonly nowSeconds: number;
  readonly issuer: string;
  readonly resource: string;
  readonly target: string;
  /** What the issuer serves, by URL. */
  readonly documents: Readonly<Record<string, string>>;
  readonly cases: readonly VerifyCase[];
}
