import { attested, createMcpProvider } from "@lanyard-iam/client/mcp";
import { Agent } from "@lanyard-iam/client/start";
import { Client } from "@modelcontextprotocol/client";

const { ISSUER: issuer, AGENT: id, RESOURCE: server } = process.env;

const key = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
const agent = await Agent.start({ issuer, agent: id, key });
const provider = await createMcpProvider({ server, issuer, client: attested({ agent, key }) });

const client = new Client({ name: "clerk", version: "1.0.0" });
await client.connect(await provider.transport());
for (const name of ["read_order", "refund_order"]) {
  const called = await client
    .callTool({ name, arguments: { order: "o-1" } })
    .catch(({ message }) => ({ refused: message }));
  console.log(JSON.stringify(called.refused ?? called.content[0].text));
}
await client.close();
