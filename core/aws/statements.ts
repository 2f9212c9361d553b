import { listBucket } from "./actions.ts";
import { isEveryKey, type Keys, patternOf, union } from "./keys.ts";
import type { Reach } from "./reaches.ts";

/** A statement of an IAM policy without a principal, as session policies hold them. */
export interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Condition;
}

type Condition = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** How an action's keys are told to IAM: in the resource itself, or by a key of the request. */
interface Telling {
  /** All that the service can do, where its actions are one group: their names then stand in `NotAction` alone. */
  readonly every?: string;
  /** Patterns of resources. */
  resources(place: string, keys: readonly Keys[]): readonly string[];
  /** What must hold of the request beside the resource; undefined where nothing needs to. */
  within(keys: readonly Keys[]): Condition | undefined;
  /**
   * Conditions any of which holds for a request that is not within. An absent key of the request is not within either:
   * `StringNotLike` holds then, `ForAnyValue` does not, and says it by `Null`.
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

/** S3's listing acts on the bucket; which keys it tells is the request's prefix. */
const byPrefix: Telling = {
  resources: placeAlone,
  within: (keys) => ({ StringLike: { "s3:prefix": patterns(keys) } }),
  beyond: (keys) => [{ StringNotLike: { "s3:prefix": patterns(keys) } }],
};

const leadingKeys = "dynamodb:LeadingKeys";

/**
 * DynamoDB: the partition keys of all items that a request names. `ForAllValues` holds for a request that names none, so
 * `Null` must say that there are some. Whether they are told inside a transaction is written nowhere: no right rests on it.
 */
const byLeadingKeys: Telling = {
  resources: placeAlone,
  within: (keys) =>
    isEveryKey(keys)
      ? undefined
      : { "ForAllValues:StringLike": { [leadingKeys]: patterns(keys) }, Null: { [leadingKeys]: "false" } },
  beyond: (keys) =>
    isEveryKey(keys)
      ? []
      : [
          { "ForAnyValue:StringNotLike": { [leadingKeys]: patterns(keys) } },
          { Null: { [leadingKeys]: "true" } },
          { Null: { "dynamodb:EnclosingOperation": "false" } },
        ],
};

/** KMS: through which service the key is used. Every key has the same actions ({@link Reach}), so that they are one group. */
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

/** Actions that reach the same keys at the same places. */
interface Group {
  readonly telling: Telling;
  readonly actions: string[];
  /** Place → its keys. */
  readonly places: ReadonlyMap<string, readonly Keys[]>;
}

/**
 * Statements that allow exactly these reaches, and deny all else that their actions could do: a policy of the resource
 * that names the session is limited by no session policy, but by its denials.
 */
export const statementsOf = (reaches: readonly Reach[]): readonly Statement[] =>
  groupsOf(reaches).flatMap(groupStatements);

/** The actions of reaches, each once. */
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

/** Policies are short: a list of one is written without brackets. */
export const oneOrMore = (values: readonly string[]): string | readonly string[] =>
  values.length === 1 ? (values[0] ?? "") : values;
