/** What an agent of the story runs on. */
export const agentKinds = ["lambda", "ecs", "enclave", "ec2"] as const;

/** One of {@link agentKinds}. */
export type AgentKind = (typeof agentKinds)[number];

/** A kind as a heading and as the start of a sentence. */
export const agentPlaces: Readonly<Record<AgentKind, string>> = {
  lambda: "as Lambda functions",
  ecs: "as ECS tasks",
  enclave: "in Nitro enclaves",
  ec2: "on EC2 instances",
};

/**
 * Reads a list such as `lambda,ecs`.
 * @throws with a message for people when it names none, one twice or one that is not known
 */
export function readAgentKinds(text: string): readonly AgentKind[] {
  const names = text.split(",").map((name) => name.trim());
  const kinds = names.filter((name): name is AgentKind => (agentKinds as readonly string[]).includes(name));
  if (kinds.length !== names.length || new Set(kinds).size !== kinds.length)
    throw new Error(`--agents takes some of ${agentKinds.join(", ")}, each once, with commas between them`);
  return kinds;
}
