import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import { z } from "zod";
import { type Evaluated, eachCase, topic } from "../document.ts";

const context = z.looseObject({
  credentials: z.looseObject({
    access_key_id: z.string(),
    secret_access_key: z.string(),
    token: z.string().optional(),
  }),
  normalize: z.boolean(),
  region: z.string(),
  service: z.string(),
  sign_body: z.boolean(),
  timestamp: z.string(),
  omit_session_token: z.boolean().default(false),
});
const given = z.looseObject({
  name: z.string(),
  "context.json": z.string().transform((text) => context.parse(JSON.parse(text))),
  "request.txt": z.string(),
  "header-signature.txt": z.string(),
});

type Case = z.infer<typeof given>;

/** A request as our clients write one: each header once, the path and query as they are meant. */
function readRequest(text: string) {
  const [head = "", ...rest] = text.split("\n\n");
  const [line = "", ...lines] = head
    .replace(/\n[ \t]+/g, " ")
    .trimEnd()
    .split("\n");
  const [, method = "", target = ""] = /^([A-Z]+) (.*) HTTP\/1\.1$/.exec(line) ?? [];
  const at = target.indexOf("?");
  const headers: Record<string, string> = {};
  for (const one of lines) {
    const colon = one.indexOf(":");
    const name = one.slice(0, colon).toLowerCase();
    const value = one.slice(colon + 1);
    headers[name] = name in headers ? `${headers[name]},${value.trim()}` : value;
  }
  const query: Record<string, string | string[]> = {};
  for (const pair of at < 0
    ? []
    : target
        .slice(at + 1)
        .split("&")
        .filter(Boolean)) {
    const [name = "", value = ""] = pair.split("=").map(decodeURIComponent);
    const held = query[name];
    query[name] = held === undefined ? value : [held, value].flat();
  }
  return { method, path: at < 0 ? target : target.slice(0, at), query, headers, body: rest.join("\n\n") };
}

/** Signs as `lanyard` and the client do, with the same signer and the settings they give it. */
async function evaluate({
  "context.json": settings,
  "request.txt": text,
  "header-signature.txt": wanted,
}: Case): Promise<Evaluated> {
  const { method, path, query, headers, body } = readRequest(text);
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, token } = settings.credentials;
  const signer = new SignatureV4({
    service: settings.service,
    region: settings.region,
    credentials: {
      accessKeyId,
      secretAccessKey,
      ...(token === undefined || settings.omit_session_token ? {} : { sessionToken: token }),
    },
    sha256: Sha256,
    applyChecksum: settings.sign_body,
    uriEscapePath: settings.normalize,
  });
  // a service that is not to normalize a path gets it encoded by whoever calls
  const sent = settings.normalize ? path : encodeURI(path);
  const request = {
    method,
    protocol: "https:",
    hostname: headers.host ?? "",
    path: sent,
    query,
    headers,
    ...(body === "" ? {} : { body }),
  };
  const signed = await signer.sign(request, { signingDate: new Date(settings.timestamp) });
  const signature = /Signature=([0-9a-f]{64})$/.exec(signed.headers.authorization ?? "")?.[1];
  return signature === wanted.trim()
    ? { outcome: "valid", reason: `signature ${signature.slice(0, 12)}…` }
    : { outcome: "invalid", reason: `another signature, ${signature?.slice(0, 12)}…` };
}

/** AWS's signing suite, for the signer of our clients. */
export const sigv4Suite = topic(/^sigv4-suite\.json$/, z.record(z.string(), z.unknown()), (suite, folder, file) =>
  eachCase(
    Object.entries(suite).map(([name, one]) => ({ ...(one as object), name })),
    { folder, file, shape: given },
    (one) => ({
      file: folder.label(file, one.name),
      said: "valid",
      expected: ["valid" as const],
      evaluate: () => evaluate(one),
    }),
  ),
);
