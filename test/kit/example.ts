import { fileURLToPath } from "node:url";

/** The example's folder. */
export const supportDesk = fileURLToPath(new URL("../../examples/support-desk", import.meta.url));

/** Values for the example's placeholders. */
export const variables = {
  account: "111122223333",
  region: "eu-west-1",
  identityProvider: "https://login.support-desk.example",
  stsIssuer: "https://0f8c1d2e-1111-4222-8333-444455556666.tokens.sts.global.api.aws",
};
