import { listBucket } from "./actions.ts";
import { isEveryKey, type Keys, patternOf, union } from "./keys.ts";
import type { Reach } from "./reaches.ts";

/** A statement of an IAM policy without a principal, as session policies contain them. */
export interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Condition;
}

type Condition = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** How IAM is told an action's keys: in the resource itself, or by a condition on the request. */
interface Telling {
  /**
   * Pattern for everything the service can do, where all its actions are in one group: the group's statements use it,
   * and `NotAction` alone lists the actions.
   */
  readonly every?: string;
  /** Patterns of resources. */
  resources(place: string, keys: readonly Keys[]): readonly string[];
  /** A condition on the request that must hold beside the resource; undefined where none is needed. */
  within(keys: readonly Keys[]): Condition | undefined;
  /**
   * Conditions, one of which holds for every request beyond the keys. A request without the condition key is beyond
   * them too: `StringNotLike` is true for it, but `ForAnyValue` is not, so `Null` is added.
   */
  beyond(keys: readonly Keys[]): readonly Condition[];
}

const placeAlone = (place: string) => [place];
const patterns = (keys: readonly Keys[]) => oneOrMore(keys.map(patternOf));

/** S3: the key is part of the resource's ARN. */
const byResource: Telling = {
  resources: (place, keys) => keys.map((key) => `${place}/${patternOf(key)}`),
  within: () => undefined,
  beyond: () => [],
};

/** S3's listing acts on the bucket; the request's prefix tells which keys it lists. */
const byPrefix: Telling = {
  resources: placeAlone,
  within: (keys) => ({ StringLike: { "s3:prefix": patterns(keys) } }),
  beyond: (keys) => [{ StringNotLike: { "s3:prefix": patterns(keys) } }],
};

const leadingKeys = "dynamodb:LeadingKeys";

/**
 * DynamoDB: the partition keys of all items that a request names. `ForAllValues` is true for a request that names none,
 * so `Null` must require some. AWS does not document whether the keys are filled inside a transaction, so no right
 * depends on that.
 */
const byLeadingKeys: Telling = {
  resources: placeAlone,
  within: (keys) =>
    isEveryKey(keys)
      ? undefined
      : { "ForAllValues:StringLike": { [leadingKeys]: patterns(keys) }, Null: { [leadingKeys]: "false" } },
  beyond: (keys): readonly Condition[] =>
    isEveryKey(keys)
      ? []
      : [
          { "ForAnyValue:StringNotLike": { [leadingKeys]: patterns(keys) } },
          { Null: { [leadingKeys]: "true" } },
          { Null: { "dynamodb:EnclosingOperation": "false" } },
        ],
};

/**
 * KMS: the service through which the key is used. Every key has the same actions ({@link Reach}), so they are one
 * group.
 */
const byService: Telling = {
  every: "kms:*",
  resources: placeAlone,
  within: (keys) => ({ StringEquals: { "kms:ViaService": patterns(keys) } }),
  beyond: (keys) => [{ StringNotEquals: { "kms:ViaService": patterns(keys) } }],
};

function tellingOf({ service, action }: Reach): Telling {
  if (service === "dynamodb") return byLeadingKeys;
  if (service === "kms") return byService;
  return action === listBucket ? byPrefix : byResource;
}

/** Actions that reach the same keys in the same places. */
interface Group {
  readonly telling: Telling;
  readonly actions: string[];
  /** Place → its keys. */
  readonly places: ReadonlyMap<string, readonly Keys[]>;
}

/**
 * Statements that allow exactly these reaches, and deny everything else that their actions could do. The denials are
 * needed because a session policy does not limit a resource's policy that names the session, except by what it denies.
 */
export const statementsOf = (reaches: readonly Reach[]): readonly Statement[] =>
  groupsOf(reaches).flatMap(groupStatements);

/** The actions of reaches, without duplicates. */
export const actionsOf = (reaches: readonly Reach[]): readonly string[] => [...new Set(reaches.map((r) => r.action))];

function groupsOf(reaches: readonly Reach[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const action of actionsOf(reaches)) {
    const own = reaches.filter((reach) => reach.action === action);
    const [first] = own;
    if (!first) continue;
    const telling = tellingOf(first);
    const places = new Map(
      [...new Set(own.map(({ place }) => place))]
        .sort()
        .map((place) => [place, union(own.filter((r) => r.place === place).flatMap((r) => r.keys))] as const),
    );
    const alike = JSON.stringify([action === listBucket, first.service, [...places]]);
    const group = groups.get(alike);
    if (group) group.actions.push(action);
    else groups.set(alike, { telling, actions: [action], places });
  }
  return [...groups.values()];
}

function groupStatements({ telling, actions, places }: Group): readonly Statement[] {
  const Action = telling.every ?? oneOrMore(actions);
  const resources = (of: readonly (readonly [string, readonly Keys[]])[]) =>
    oneOrMore(of.flatMap(([place, keys]) => telling.resources(place, keys)));
  const all = [...places];
  const alike = Map.groupBy(all, ([, keys]) => JSON.stringify(telling.within(keys)));
  const allowed = [...alike.values()].flatMap((some): readonly Statement[] => {
    const keys = some[0]?.[1] ?? [];
    const Resource = resources(some);
    const within = telling.within(keys);
    return [
      { Effect: "Allow", Action, Resource, ...(within ? { Condition: within } : {}) },
      ...telling.beyond(keys).map((Condition) => ({ Effect: "Deny", Action, Resource, Condition }) as const),
    ];
  });
  return [...allowed, { Effect: "Deny", Action, NotResource: resources(all) }];
}

/** Policies must be short, so a list with one item is written without brackets. */
export const oneOrMore = (values: readonly string[]): string | readonly string[] =>
  values.length === 1 ? (values[0] ?? "") : values;
