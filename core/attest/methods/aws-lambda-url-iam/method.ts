import { type Method, only } from "../../contract/method.ts";
import { callerFacts } from "../../formats/assumed-role.ts";

/** Callers whom Lambda authenticated: `attest-iam` alone may take their word (threat 18), and offers it itself. */
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
