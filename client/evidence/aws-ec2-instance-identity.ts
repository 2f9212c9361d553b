import { EvidenceError } from "../error.ts";
import { type Ec2MetadataInput, ec2Metadata } from "./platform/ec2-metadata.ts";
import type { EvidenceSource } from "./platform/source.ts";

/** Where the instance's metadata service is, and what asks it. */
export type AwsEc2InstanceIdentityInput = Ec2MetadataInput;

/**
 * Adds EC2's own statement to evidence of a role: the same evidence, and the identity document of the instance it runs
 * on, for selectors that name an image or an instance.
 * @param source of `aws-sts-caller-identity`, whose session EC2 names after the instance, or of `aws-sts-web-identity`
 * @throws RangeError for an endpoint that is not the metadata service
 */
export function withInstanceIdentity(source: EvidenceSource, input: AwsEc2InstanceIdentityInput = {}): EvidenceSource {
  const { type } = source;
  const document = documentReader(input);
  return {
    type,
    async collect(request) {
      // one after the other, since the instance's document lives long but the other must be shown within a minute
      const instanceIdentity = await document();
      return { ...(await source.collect(request)), instanceIdentity };
    },
  };
}

/**
 * Evidence by the instance identity document alone, which a deployment accepts only where its stage allows it. It
 * belongs to the first key that shows it: give `createAgent` a key that outlives the process, or a restart is refused.
 * @throws RangeError for an endpoint that is not the metadata service
 */
export function awsEc2InstanceIdentity(input: AwsEc2InstanceIdentityInput = {}): EvidenceSource {
  const type = "aws-ec2-instance-identity";
  const document = documentReader(input);
  return { type, collect: async () => ({ type, pkcs7: await document() }) };
}

/** Reads the form that the Region's own RSA key signs; the attestor refuses the two other forms. */
function documentReader(input: AwsEc2InstanceIdentityInput): () => Promise<string> {
  const read = ec2Metadata(input);
  return async () => {
    const pkcs7 = await read("/latest/dynamic/instance-identity/rsa2048");
    if (!/^[A-Za-z0-9+/=\s]{1,16384}$/.test(pkcs7)) throw new EvidenceError("the instance's document is not base64");
    return pkcs7;
  };
}
