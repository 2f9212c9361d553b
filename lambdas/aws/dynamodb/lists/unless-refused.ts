import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";

/**
 * A write whose condition fails when somebody else already wrote something newer.
 * @returns whether it was this one's
 */
export async function unlessRefused(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (failure) {
    if (failure instanceof ConditionalCheckFailedException) return false;
    throw failure;
  }
}
