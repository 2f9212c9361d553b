import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadProfile } from "../../bin/lanyard/profile.ts";

const outputs = {
  "lanyard-prod-State": { TrustDomain: "prod.example", RegistryTable: "r", RevocationsTable: "v", OutboxTable: "o" },
  "lanyard-prod-Issuer": { IssuerUrl: "https://abc.lambda-url.eu-west-1.on.aws/" },
  "lanyard-prod-Service": {
    AdminRevokeUrl: "https://def.lambda-url.eu-west-1.on.aws/",
    AdminWriteUrl: "https://wri.lambda-url.eu-west-1.on.aws/",
    AdminReadUrl: "https://rea.lambda-url.eu-west-1.on.aws/",
  },
};

test("an AWS deployment is known by the outputs cdk deploy wrote, and the environment goes before them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lanyard-outputs-"));
  const file = join(folder, "outputs.json");
  await writeFile(file, JSON.stringify(outputs));
  const profile = await loadProfile(
    { outputs: file },
    { LANYARD_ADMIN_READ_URL: "https://mine.lambda-url.eu-west-1.on.aws/", LANYARD_AUDIT_BUCKET: "events" },
    folder,
  );
  expect(profile).toMatchObject({
    name: "aws",
    issuer: "https://abc.lambda-url.eu-west-1.on.aws",
    trustDomain: "prod.example",
    admin: "https://def.lambda-url.eu-west-1.on.aws/",
    adminRead: "https://mine.lambda-url.eu-west-1.on.aws/",
    audit: { bucket: "events" },
    variables: {},
  });
  profile.dynamo.destroy();
  await rm(folder, { recursive: true });
});
