import { decidePaths } from "../model/wire.ts";

/**
 * Metadata of the decision point (AuthZEN Authorization API 1.0, PDP Metadata), served by the issuer, whose name it
 * has. There is no search for subjects, and no word on the URL that IAM guards: whoever may call that one was told of
 * it.
 * @param decide address of the function
 */
export function authzenMetadata(issuer: string, decide: string): Readonly<Record<string, unknown>> {
  const at = (path: string) => `${decide.replace(/\/$/, "")}${path}`;
  return {
    policy_decision_point: issuer,
    access_evaluation_endpoint: at(decidePaths.evaluation),
    access_evaluations_endpoint: at(decidePaths.evaluations),
    search_resource_endpoint: at(decidePaths.resource),
    search_action_endpoint: at(decidePaths.action),
  };
}
