import { generateKeyPairSync, sign } from "node:crypto";
import { listen } from "../../../local/emulator/loopback.ts";

const newKeys = () => ({
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
});
type Keys = ReturnType<typeof newKeys>;

/** An identity provider on this machine: serves its discovery document and its keys, and signs what it is told to. */
export async function startIssuer() {
  const keys = newKeys();
  let url = "";
  let isDown = false;
  const server = await listen((request, response) => {
    const documents: Record<string, unknown> = {
      "/.well-known/openid-configuration": { issuer: url, jwks_uri: `${url}/keys` },
      "/keys": {
        keys: Object.entries(keys).map(([kid, { publicKey }]) => ({ ...publicKey.export({ format: "jwk" }), kid })),
      },
    };
    const found = isDown ? undefined : documents[request.url ?? ""];
    response.writeHead(found === undefined ? 503 : 200).end(JSON.stringify(found ?? {}));
  });
  url = `http://${server.host}`;
  return {
    url,
    close: server.close,
    down(value: boolean) {
      isDown = value;
    },
    /** A token with these claims; `by` signs it with other keys under the names of these. */
    token(claims: object, { alg = "ES256", by }: { alg?: keyof Keys; by?: Keys } = {}): string {
      const iat = Math.floor(Date.now() / 1000);
      const all = { iss: url, aud: "sts.amazonaws.com", sub: "agent-a", iat, exp: iat + 120, ...claims };
      const input = [{ alg, kid: alg, typ: "JWT" }, all]
        .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
        .join(".");
      const key = { key: (by ?? keys)[alg].privateKey, dsaEncoding: "ieee-p1363" } as const;
      return `${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`;
    },
    keys,
  };
}

export type Issuer = Awaited<ReturnType<typeof startIssuer>>;
