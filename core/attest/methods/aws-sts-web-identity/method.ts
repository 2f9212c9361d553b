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
  load: async ({ keySets, ec2Certificates }) => {
    const { awsStsWebIdentity } = await import("./attestor.ts");
    const { withInstanceIdentity } = await import("../../formats/instance-identity/beside.ts");
    return withInstanceIdentity(awsStsWebIdentity({ keySets }), { certificates: ec2Certificates });
  },
};
