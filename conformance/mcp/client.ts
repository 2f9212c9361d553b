/**
 * Our MCP client as a program, for the official conformance suite: `node conformance/mcp/client.ts <server>`, with the
 * scenario and what it gives the client in the environment. It is the provider of `client/mcp.ts` and nothing besides:
 * what a scenario needs and the provider cannot do must fail here.
 */
import { Client, type StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client";
import { importPKCS8 } from "jose";
import {
  clientSecret,
  createMcpProvider,
  idJag,
  jwtBearer,
  type McpProvider,
  type McpProviderInput,
  privateKeyJwt,
  publicClient,
  signIn,
} from "../../client/mcp.ts";

type Context = Readonly<Record<string, string>>;
type Wanted = Omit<McpProviderInput, "server" | "issuer">;

const redirectUrl = "http://localhost:3000/callback";
/** Where the suite's "browser" was sent back to, most recently. */
let callback = "";
/** The suite signs everybody in: its authorization endpoint answers with the redirect at once. */
const browser = signIn({
  redirectUrl,
  async open(url) {
    const answer = await fetch(url, { redirect: "manual" });
    callback = answer.headers.get("location") ?? "";
  },
});
const somebody: Wanted = { client: publicClient({ id: "conformance-client" }), grant: browser, dpop: "preferred" };

/** What each scenario makes of the provider. */
const scenarios: Readonly<Record<string, (context: Context) => Wanted | Promise<Wanted>>> = {
  "auth/client-credentials-jwt": async ({ client_id, private_key_pem, signing_algorithm }) => ({
    client: privateKeyJwt({
      id: String(client_id),
      key: await importPKCS8(String(private_key_pem), String(signing_algorithm)),
      alg: String(signing_algorithm),
    }),
    dpop: "preferred",
  }),
  "auth/client-credentials-basic": ({ client_id, client_secret }) => ({
    client: clientSecret({ id: String(client_id), secret: String(client_secret) }),
    dpop: "preferred",
  }),
  "auth/enterprise-managed-authorization": (context) => ({
    client: clientSecret({ id: String(context.client_id), secret: String(context.client_secret) }),
    grant: idJag({
      tokenEndpoint: String(context.idp_token_endpoint),
      clientId: String(context.idp_client_id),
      idToken: () => String(context.idp_id_token),
    }),
    dpop: "preferred",
  }),
  "auth/wif-jwt-bearer": ({ client_id, valid_jwt }) => ({
    client: publicClient({ id: String(client_id) }),
    grant: jwtBearer(() => String(valid_jwt)),
    dpop: "preferred",
  }),
  "auth/dpop": () => ({ ...somebody, dpop: "required" }),
  "auth/dpop-nonce": () => ({ ...somebody, dpop: "required" }),
  "auth/scope-step-up": () => somebody,
  "auth/scope-retry-limit": () => somebody,
  "auth/scope-from-www-authenticate": () => somebody,
  "auth/scope-from-scopes-supported": () => somebody,
  "auth/scope-omitted-when-undefined": () => somebody,
  "auth/resource-mismatch": () => somebody,
  "auth/metadata-issuer-mismatch": () => somebody,
  "auth/iss-supported": () => somebody,
  "auth/iss-not-advertised": () => somebody,
  "auth/iss-supported-missing": () => somebody,
  "auth/iss-wrong-issuer": () => somebody,
  "auth/iss-unexpected": () => somebody,
  "auth/iss-normalized": () => somebody,
};

/** Makes a call, and again after each sign-in that it asks for. */
async function signingIn<T>(
  call: () => Promise<T>,
  provider: McpProvider,
  transport: () => StreamableHTTPClientTransport,
): Promise<T> {
  for (let signIns = 0; ; signIns++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof UnauthorizedError) || callback === "" || signIns === 2) throw error;
      const back = callback;
      callback = "";
      await provider.signedIn(transport(), back);
    }
  }
}

async function main(server: string): Promise<void> {
  const wanted = scenarios[process.env.MCP_CONFORMANCE_SCENARIO ?? ""];
  if (!wanted) throw new Error("this client plays no such scenario");
  const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? "{}") as Context;
  // the suite's servers live on ports that nobody knows before
  const provider = await createMcpProvider({ server, issuer: "as-discovered", ...(await wanted(context)) });
  const version = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION ?? "";
  const client = new Client(
    { name: "lanyard-conformance", version: "0.1.0" },
    { versionNegotiation: { mode: version.startsWith("2026") ? { pin: version } : "legacy" } },
  );
  let transport = await provider.transport();
  await signingIn(
    async () => {
      transport = await provider.transport();
      await client.connect(transport);
    },
    provider,
    () => transport,
  );
  const call = <T>(made: () => Promise<T>) => signingIn(made, provider, () => transport);
  await call(() => client.listTools());
  await call(() => client.callTool({ name: "test-tool", arguments: {} }));
  await client.close();
}

await main(String(process.argv.at(-1)));
