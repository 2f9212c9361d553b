import { type Method, only } from "../../contract/method.ts";
import { besideFacts } from "../../formats/instance-identity/facts.ts";

/** Documents of STS GetWebIdentityToken: a role, its function, account and organization. */
export const method: Method = {
  type: "aws-sts-web-identity",
  evidence: {
    anchors: ["roleArn", "functionArn"],
    states: only("issuer", "account", "roleArn", "functionArn", "organization", "sourceRegion", ...besideFacts),
    assurance: "fresh",
    tags: true,
    family: "role",
  },
};
