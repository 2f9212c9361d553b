import { type Method, only } from "../../contract/method.ts";

/** Instance identity documents of EC2, alone: refused unless the stage takes them so. */
export const method: Method = {
  type: "aws-ec2-instance-identity",
  evidence: {
    anchors: ["instanceId"],
    states: only(...["account", "instanceId", "imageId", "region", "instanceType", "architecture", "availabilityZone"]),
    assurance: "document",
    family: "instance",
  },
};
