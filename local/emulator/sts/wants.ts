/** What STS takes of the members of a request, and how it refuses the rest. */

import { type Form, members, readTags } from "../query.ts";
import { ServiceError } from "../service.ts";

/** STS's refusal of a member's form. */
export const invalid = (message: string): ServiceError =>
  new ServiceError("ValidationError", `1 validation error detected: ${message}`);

interface Shape {
  readonly least: number;
  readonly most: number;
  /** Of the whole value. */
  readonly pattern: RegExp;
}

/** Names of sessions and source identities. */
export const nameShape: Shape = { least: 2, most: 64, pattern: /^[\w+=,.@-]*$/ };
export const externalIdShape: Shape = { least: 2, most: 1_224, pattern: /^[\w+=,.@:/-]*$/ };
export const arnShape: Shape = { least: 20, most: 2_048, pattern: /^[\t\n\r\x20-\x7e\u00a0-\uffff]*$/ };
/** Plain text of a session policy. */
export const policyShape: Shape = { least: 1, most: 2_048, pattern: /^[\t\n\r\x20-\xff]*$/ };
export const descriptionShape: Shape = { least: 0, most: 256, pattern: /^[\s\S]*$/ };

/** A text member; undefined when it is absent. */
export function text(form: Form, name: string, { least, most, pattern }: Shape): string | undefined {
  const value = form.get(name);
  if (value === undefined) return undefined;
  const fits = value.length >= least && value.length <= most && pattern.test(value);
  if (!fits)
    throw invalid(
      `${name} must have ${least} to ${most} characters and match the pattern ${pattern.source.slice(1, -1)}`,
    );
  return value;
}

/** A text member that must be there. */
export function needed(form: Form, name: string, shape: Shape): string {
  const value = text(form, name, shape);
  if (value === undefined)
    throw invalid(`Value null at '${name}' failed to satisfy constraint: Member must not be null`);
  return value;
}

/** A whole number; undefined when it is absent. */
export function whole(form: Form, name: string, [least, most]: readonly [number, number]): number | undefined {
  const value = form.get(name);
  if (value === undefined) return undefined;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= least && number <= most)) throw invalid(`${name} must be a whole number from ${least} to ${most}`);
  return number;
}

const mostTags = 50;
const tagText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Session tags as they are passed, and which of them are transitive. */
export interface PassedTags {
  readonly tags: readonly (readonly [string, string])[];
  readonly transitiveTagKeys: readonly string[];
}

/** Reads `Tags` and `TransitiveTagKeys`. */
export function passedTags(form: Form): PassedTags {
  const [tags, transitiveTagKeys] = [readTags(form), members(form, "TransitiveTagKeys")];
  checkTags({ tags, transitiveTagKeys });
  return { tags, transitiveTagKeys };
}

/** Refuses tags that STS refuses, wherever they came from. */
export function checkTags({ tags, transitiveTagKeys }: PassedTags): void {
  if (tags.length > mostTags || transitiveTagKeys.length > mostTags) throw invalid(`at most ${mostTags} session tags`);
  for (const [key, value] of tags) {
    const fits =
      key.length >= 1 && key.length <= 128 && value.length <= 256 && tagText.test(key) && tagText.test(value);
    if (!fits || /^aws:/i.test(key)) throw invalid(`the session tag ${key.slice(0, 128)} is not well formed`);
  }
  // Keys that differ in case alone are one key.
  const keys = new Set(tags.map(([key]) => key.toLowerCase()));
  if (keys.size !== tags.length) throw new ServiceError("InvalidParameterValue", "Duplicate tag keys found.");
  const stray = transitiveTagKeys.find((key) => !keys.has(key.toLowerCase()));
  if (stray !== undefined) throw invalid(`the transitive tag key ${stray} is of no tag that was passed`);
}
