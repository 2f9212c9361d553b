/** Session tags and source identity as an identity provider's token carries them, in both forms that AWS documents. */
import { ServiceError } from "../service.ts";
import { checkTags, nameShape, type PassedTags } from "./wants.ts";

const tagsClaim = "https://aws.amazon.com/tags";
const sourceIdentityClaim = "https://aws.amazon.com/source_identity";

const invalid = (message: string) => new ServiceError("InvalidIdentityToken", message);

/** Tags of a token; throws `InvalidIdentityToken`. */
export function tagsOf(claims: Readonly<Record<string, unknown>>): PassedTags {
  const nested = (claims[tagsClaim] ?? {}) as {
    readonly principal_tags?: Readonly<Record<string, unknown>>;
    readonly transitive_tag_keys?: unknown;
  };
  const prefix = `${tagsClaim}/principal_tags/`;
  const flattened = Object.entries(claims)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]): [string, unknown] => [name.slice(prefix.length), value]);
  const tags = [...Object.entries(nested.principal_tags ?? {}), ...flattened].map(([key, value]) => {
    const values = [value].flat();
    if (values.length !== 1 || typeof values[0] !== "string") throw invalid(`the tag ${key} has not one text as value`);
    return [key, values[0]] as const;
  });
  const transitive = [nested.transitive_tag_keys ?? [], claims[`${tagsClaim}/transitive_tag_keys`] ?? []].flat(2);
  if (!transitive.every((key) => typeof key === "string")) throw invalid("the transitive tag keys are no texts");
  const passed = { tags, transitiveTagKeys: transitive as string[] };
  checkTags(passed);
  return passed;
}

/** Source identity of a token; undefined when it names none. */
export function sourceIdentityOf(claims: Readonly<Record<string, unknown>>): string | undefined {
  const value = claims[sourceIdentityClaim];
  if (value === undefined) return undefined;
  const { least, most, pattern } = nameShape;
  if (typeof value !== "string" || value.length < least || value.length > most || !pattern.test(value))
    throw invalid("the source identity is not well formed");
  return value;
}
