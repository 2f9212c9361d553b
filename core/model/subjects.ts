/** Names of liveness subjects, as they stand in `Session.epochs` and in table Revocations. */
export const subjects = {
  agent: (id: string) => `agent:${id}`,
  principal: (id: string) => `principal:${id}`,
  build: (digest: string) => `build:${digest}`,
  deployment: "deployment",
} as const;
