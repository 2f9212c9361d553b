import type { PolicyRegistration } from "../../core/model/registry.ts";
import type { Published } from "./state.ts";

/**
 * The policies of the programs, as Cedar reads them: to push a release is opened with the approval of two, to stage one
 * takes the approval of one at every step, and everything else is permitted, payments within a budget. The model has its own idea of them, in
 * `verdict.ts`.
 */
const pushes = 'context.scopes.contains("releases:push") && context.step == "open"';
const stages = 'context.scopes.contains("releases:stage")';

const texts: Readonly<Record<string, string>> = {
  everything: "permit (principal, action, resource);",
  usual: `permit (principal, action, resource) unless { ${stages} || (${pushes}) };`,
  stage: `@approval("people/release") permit (principal, action, resource) when { ${stages} && !(${pushes}) };`,
  two: `@approval("people/release") @approvers("2") permit (principal, action, resource) when { ${pushes} };`,
  reworded: `// as before\n@approval("people/release") @approvers("2") permit (principal, action, resource) when { ${pushes} };`,
  pay: '@budget("calls 4/hour") permit (principal, action, resource) when { context.scopes.contains("payments:send") };',
  disown: 'forbid (principal, action == Action::"own", resource == Resource::"https://tickets.example");',
  one: `@approval("people/release") permit (principal, action, resource) when { ${pushes} };`,
};

const row = (name: string, text: string): PolicyRegistration => ({ kind: "policy", name, cedar: texts[text] ?? "" });

/** The policies of one version of the registry. */
export const policyRows = ({ policy, disowned }: Published): readonly PolicyRegistration[] => [
  row("usual", policy === "everything" ? "everything" : "usual"),
  row("stage", "stage"),
  row("pay", "pay"),
  ...(disowned ? [row("disown", "disown")] : []),
  ...(policy === "none" ? [] : [row("push", policy === "everything" ? "two" : policy)]),
];
