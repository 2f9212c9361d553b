import { type Method, only } from "../../contract/method.ts";
import { callerFacts } from "../../formats/assumed-role.ts";
import { besideFacts } from "../../formats/instance-identity/facts.ts";

/** Signed GetCallerIdentity requests: a session of a role. */
export const method: Method = {
  type: "aws-sts-caller-identity",
  evidence: {
    anchors: ["roleId", "roleArn"],
    states: only(...callerFacts, "region", ...besideFacts),
    assurance: "fresh",
    pathlessRole: true,
    family: "role",
  },
};
