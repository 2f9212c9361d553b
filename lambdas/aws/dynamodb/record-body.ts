import { deflateRawSync, inflateRawSync } from "node:zlib";
import { busLimits } from "../../../core/endpoints/relay.ts";
import { err, ok, type Result } from "../../../core/model/result.ts";

/** First byte of a packed body: the version of the dictionary it was packed with. */
const version = 1;

/**
 * Texts that most records contain, the most usual last: deflate refers to them instead of storing them. Rows packed
 * with this dictionary may wait for weeks, so it never changes. Other words need a new version, which one release must
 * read before the next one writes it.
 */
const wordsOf1 = Buffer.from(
  [
    '"changes":{"added":["removed":["changed":["registry_base":"operator_arn":"arn:aws:sts::assumed-role/"operator_id":"',
    '"owner":"key_replaced":true,"evidence_id":"offered_to":"receiver":"revocation":"build":"sha256:"purpose":"',
    '"checks":[{"name":"signature","ok":true,"detail":""},{"name":"","ok":false,"detail":"',
    '"denial":{"code":"invalid_target"},"denial_rule":"","denial_missing":"","target":"agent:","reason":"","count":1,',
    '"class_uid":6003,"class_name":"API Activity","category_uid":6,"category_name":"Application Activity",',
    '"class_uid":3002,"class_name":"Authentication","class_uid":3004,"class_name":"Entity Management",',
    '"severity_id":2,"severity":"Low","status_id":2,"status":"Failure","status_code":"","status_detail":"',
    '"api":{"operation":"token.access","service":{"name":"Lanyard"},"request":{"uid":""}},"is_remote":true,',
    '"src_endpoint":{"name":"unknown"},"session.hop","session.renew","session.redeem","parent":"","token_type":"Bearer",',
    '"actor":{"user":{"uid":"spiffe://","name":"","type_id":4,"type":"Service"},"version":"1.8.0","credential_uid":"ASIA',
    '","app_uid":"spiffe://","app_name":"","parent":"","anc":[""],',
    '{"metadata":{"version":"1.9.0","product":{"name":"Lanyard","vendor_name":"Lanyard"},',
    '"profiles":["cloud","ai_operation"],"log_name":"/lanyard/eu-west-1","uid":"","event_code":"session.open","correlation_uid":""},',
    '"cloud":{"provider":"AWS","account":{"uid":"","type_id":10,"type":"AWS Account"},"region":"us-east-1"},',
    '"class_uid":3003,"class_name":"Authorize Session",',
    '"category_uid":3,"category_name":"Identity & Access Management","activity_id":1,',
    '"activity_name":"Assign Privileges","type_uid":300301,"type_name":"Authorize Session: Assign Privileges",',
    '"time":17,"severity_id":1,"severity":"Informational","status_id":1,"status":"Success",',
    '"ai_agent":{"uid":"spiffe://","name":"","instance_uid":"","version":"sha256:"},',
    '"actor":{"user":{"uid":"p_","type_id":1,"type":"User"},',
    '"session":{"uid":"","expiration_time":17},"authorizations":[{"decision":"Allowed","policy":{"name":""}}]},',
    '"src_endpoint":{"ip":""},"user":{"uid":"spiffe://","name":"","type_id":4,"type":"Service"},',
    '"privileges":["https://"],"session":{"uid":"","expiration_time":17},',
    '"unmapped":{"lanyard":{"operation":"session.open","outcome":"allowed","request_id":"","agent":"spiffe://',
    '","principal":"p_","actors":["spiffe://"],"logins":[""],"sid":"","root":"","depth":0,',
    '"grants":[{"resource":"https://","scopes":[""],"details":[]}],"requested":{"resources":["https://"],"scopes":[""]},',
    '"expires_at":17,"jti":"","token_type":"DPoP","jkt":"","assurance":"fresh","registry_version":1,"policies":[""],',
    '"asked":[{"action":"open","agent":"spiffe://","principal":"p_","principal_kind":"person","groups":[],',
    '"resource":"https://","scopes":[""],"detail_types":[],"depth":0,"assurance":"fresh",',
    '"evidence_type":"aws-sts-web-identity","facts":{},"now":17}],"user_agent":"Mozilla/5.0"}}}',
  ].join(""),
);

/**
 * Records are small: a window of 4 kB holds the dictionary and most of a record, and costs less than zlib's usual 32
 * kB.
 */
const deflating = { level: 6, windowBits: 12, memLevel: 5, dictionary: wordsOf1 } as const;

/**
 * Packs a record's body for its row in the Outbox: DynamoDB charges for each kilobyte, and twice in a transaction.
 * @param body well-formed text
 * @returns a byte for the version, then the body's UTF-8 in raw deflate (RFC 1951)
 */
export const packBody = (body: string): Uint8Array =>
  Buffer.concat([Buffer.of(version), deflateRawSync(body, deflating)]);

/** Zlib's answer with option `info`, which its type declarations omit. */
interface Inflated {
  readonly buffer: Buffer;
  /** `bytesWritten`: how many of the given bytes it read. */
  readonly engine: { readonly bytesWritten: number };
}

/**
 * Unpacks what {@link packBody} packed. A role that may write to the Outbox may write any bytes, so they are not
 * trusted: unpacking stops at the size that the bus accepts, and bytes that are incomplete, that continue after the end
 * or that are not text are refused.
 * @returns the body, or why there is none; never throws
 */
export function unpackBody(packed: Uint8Array): Result<string, string> {
  if (packed[0] !== version) return err(packed.length === 0 ? "malformed" : "packed in a way that is not known here");
  const deflated = packed.subarray(1);
  const bounds = { maxOutputLength: busLimits.bytes, chunkSize: 4_096, dictionary: wordsOf1, info: true };
  try {
    const { buffer, engine } = inflateRawSync(deflated, bounds) as unknown as Inflated;
    if (engine.bytesWritten !== deflated.length) return err("malformed");
    return ok(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(buffer));
  } catch (failure) {
    const tooLarge = failure instanceof RangeError && "code" in failure && failure.code === "ERR_BUFFER_TOO_LARGE";
    return err(tooLarge ? "too large for the bus" : "malformed");
  }
}
