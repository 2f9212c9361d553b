import { assuranceLevels } from "../../../../core/model/assurance.ts";
import type { AuthorizationDetail, FormerStatus, Grant, Session, Uses, Via } from "../../../../core/model/session.ts";
import type { SignIn } from "../../../../core/model/sign-in.ts";
import type { ListedSession } from "../../../../core/status/publish-store.ts";
import { sessionBudget } from "../budgets/declared.ts";
import {
  anyObject,
  anyText,
  byKind,
  type Decode,
  flag,
  type Item,
  json,
  list,
  mapOf,
  members,
  misread,
  oneOf,
  optional,
  row,
  type Shape,
  text,
  whole,
} from "../codec.ts";
import { login } from "../subjects/subject-rows.ts";

/** How long a row is kept after its session ended, for investigations. */
export const keptSeconds = 86_400;

/**
 * The sort key of a session is its id, which is base64url. All other rows of a tree sort after the sessions, so that a
 * walk reads only sessions, however many offers and handles their agents made (threat 34).
 */
export const beyondSessions = "~";

/**
 * The row of a session. Everything is a readable attribute, except the fields of authorization details. They are JSON
 * text, since with DynamoDB's numbers and empty names a constraint might not be read back exactly as it was compared.
 */
export function sessionItem(session: Session): Item {
  return { ...sessionFields(session), expiresAt: session.expiresAtSeconds + keptSeconds };
}

/**
 * A session's attributes, which are also part of other rows. Attribute `generations` holds the revocation epochs,
 * `lending` the delegation rules.
 */
export const sessionFields = ({ grants, via, epochs, delegationRules, ...rest }: Session): Item => ({
  ...rest,
  generations: epochs,
  ...(delegationRules === undefined ? {} : { lending: delegationRules }),
  grants: grants.map(grantItem),
  ...(via ? { via: via.kind === "hop" ? { ...via, presented: grantItem(via.presented) } : via } : {}),
});

/** Scopes at one resource, with their details as JSON text. */
export const grantItem = ({ resource, scopes, details }: Grant): Item => ({
  resource,
  scopes,
  details: details.map((detail) => JSON.stringify(detail)),
});

const detail: Decode<AuthorizationDetail> = (value, at) => {
  const found = anyObject(value, at);
  const { type } = found;
  return typeof type === "string" ? { ...found, type } : misread(at, "authorization detail with a type");
};

/** Decodes a grant from the attributes of {@link grantItem}. */
export const grant = members<Grant>({ resource: text, scopes: list(text), details: list(json(detail)) });
/** Decodes whom the work is done for. */
export const principal = members<Session["principal"]>({
  id: text,
  kind: oneOf("person", "agent"),
  subId: optional(members({ iss: text, sub: text })),
  groups: optional(list(text)),
});
/** Decodes a bound on uses and the names of its counters. */
export const uses = members<Uses>({ max: whole, countedAt: list(text) });

const via = byKind<Via>({
  offer: members({ kind: oneOf("offer") }),
  hop: members({ kind: oneOf("hop"), presented: grant }),
});

/** Members that have another name in a row than in a session. */
interface OtherNames {
  readonly generations: Session["epochs"];
  readonly lending?: readonly string[];
}

/** A session with the names of its attributes. */
type Columns = Omit<Session, "epochs" | "delegationRules"> & OtherNames;
type ListedColumns = Omit<ListedSession, "epochs"> & Pick<OtherNames, "generations">;

const ofColumns = <T extends object>({ generations, lending, ...rest }: T & OtherNames) => ({
  ...rest,
  epochs: generations,
  ...(lending === undefined ? {} : { delegationRules: lending }),
});

const shape: Shape<Columns> = {
  root: text,
  sid: text,
  anc: list(text),
  depth: whole,
  principal,
  actors: (value, at) => {
    const actors = list(text)(value, at);
    // the last of them is the current agent
    return actors.length > 0 ? actors : misread(at, "list of at least one agent");
  },
  grants: list(grant),
  jkt: optional(text),
  assurance: oneOf(...assuranceLevels),
  build: optional(text),
  owner: optional(text),
  purpose: optional(anyText),
  tools: optional(list(text)),
  createdAtSeconds: whole,
  expiresAtSeconds: whole,
  generations: mapOf(whole),
  registryVersion: whole,
  status: members<Session["status"]>({ list: text, idx: whole }),
  formerStatus: optional(list(members<FormerStatus>({ list: text, idx: whole, untilSeconds: whole }))),
  uses: optional(uses),
  budgets: optional(list(sessionBudget)),
  lending: optional(list(text)),
  meanings: optional(mapOf(text)),
  via: optional(via),
  lastEndSeconds: optional(whole),
  login: optional(login),
  signIn: optional(members<SignIn>({ atSeconds: optional(whole), acr: optional(text) })),
  ended: optional(flag),
};

/** Decodes a session from the attributes of {@link sessionFields}. */
export const session: Decode<Session> = (value, at) => ofColumns(columns(value, at));
const columns = members(shape);

/** The members that every row has in addition: when it may be deleted. */
export interface Kept {
  readonly expiresAt: number;
}

const sessionRow = row(
  { table: "sessions", key: ["root", "sid"] },
  members<Columns & Kept>({ ...shape, expiresAt: whole }),
);

/**
 * The session in a row.
 * @throws {@link BrokenRow}
 */
export function sessionOf(item: Item): Session {
  const { expiresAt: _, ...read } = sessionRow(item);
  return ofColumns(read);
}

const { root, sid, anc, generations, status, expiresAtSeconds, formerStatus } = shape;
const listedRow = row(
  { table: "sessions", key: ["root", "sid"] },
  members<ListedColumns>({ root, sid, anc, generations, status, expiresAtSeconds, formerStatus }),
);

/**
 * The members of a session's row that a walk needs to publish its end. The others are not read: a column that is
 * broken, or written by a newer version, must not keep a bit of a tree from being set.
 * @throws {@link BrokenRow}
 */
export const listedOf = (item: Item): ListedSession =>
  ofColumns(listedRow(Object.fromEntries(Object.entries(item).filter(([name]) => listedColumns.has(name)))));

const listedColumns = new Set(["root", "sid", "anc", "generations", "status", "expiresAtSeconds", "formerStatus"]);
