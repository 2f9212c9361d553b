import { type Method, only } from "../../contract/method.ts";
import { callerFacts } from "../../formats/assumed-role.ts";

/**
 * Callers that Lambda authenticated. Only the function `attest-iam` can rely on that (threat 18), so it has this
 * attestor itself.
 */
export const method: Method = {
  type: "aws-lambda-url-iam",
  evidence: {
    anchors: ["roleId", "roleArn"],
    states: only(...callerFacts, "organization"),
    assurance: "fresh",
    pathlessRole: true,
    family: "role",
  },
};
