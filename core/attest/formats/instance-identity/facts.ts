/** Facts that an instance's document beside a role's evidence adds. */
export const besideFacts = ["ec2InstanceId", "ec2ImageId", "ec2Region"] as const;
