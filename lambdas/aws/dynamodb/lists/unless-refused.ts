import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";

/**
 * Makes a write whose condition fails when another run already wrote something newer.
 * @returns whether this write was made
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
