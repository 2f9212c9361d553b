/** Facts added by an instance's document that comes with a role's evidence. */
export const besideFacts = ["ec2InstanceId", "ec2ImageId", "ec2Region"] as const;
