import { generateKeyPairSync, randomUUID, sign } from "node:crypto";

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** STS's claims namespace. */
const stsNamespace = "https://sts.amazonaws.com/";

/** What a test may change about a document; a member set to undefined is left out. */
export interface StsChanges {
  readonly header?: object;
  readonly claims?: object;
  /** Inside STS's namespace. */
  readonly sts?: object;
}

/** One account's GetWebIdentityToken issuer, signing ES384 as AWS does. */
export function stsIssuer(issuer: string, account: string) {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const roleArn = `arn:aws:iam::${account}:role/agents/Planner`;
  const functionArn = `arn:aws:lambda:eu-west-1:${account}:function:planner`;
  return {
    issuer,
    account,
    roleArn,
    functionArn,
    jwk: { ...publicKey.export({ format: "jwk" }), kid: "EC384_0", alg: "ES384", use: "sig" },
    /** A document for `audience` carrying challenge and key thumbprint. */
    document(audience: string, iat: number, tags: object, changes: StsChanges = {}): string {
      const sts = {
        aws_account: account,
        source_region: "eu-west-1",
        org_id: "o-abc1234567",
        ou_path: ["o-abc1234567/r-ab12/ou-ab12-11111111/"],
        principal_id: roleArn,
        lambda_source_function_arn: functionArn,
        principal_tags: { team: "support", stage: "prod-eu" },
        request_tags: tags,
        ...changes.sts,
      };
      const claims = { iss: issuer, aud: audience, sub: roleArn, iat, exp: iat + 300, jti: randomUUID() };
      const payload = { ...claims, [stsNamespace]: sts, ...changes.claims };
      const input = `${encode({ alg: "ES384", kid: "EC384_0", typ: "JWT", ...changes.header })}.${encode(payload)}`;
      const signature = sign("sha384", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" });
      return `${input}.${signature.toString("base64url")}`;
    },
  };
}
