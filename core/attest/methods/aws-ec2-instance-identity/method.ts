import { type Method, only } from "../../contract/method.ts";

/** Instance identity documents of EC2 without other evidence: refused unless the stage allows them. */
export const method: Method = {
  type: "aws-ec2-instance-identity",
  evidence: {
    anchors: ["instanceId"],
    states: only(...["account", "instanceId", "imageId", "region", "instanceType", "architecture", "availabilityZone"]),
    assurance: "document",
    family: "instance",
  },
};
