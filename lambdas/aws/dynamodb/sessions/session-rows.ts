import { assuranceLevels } from "../../../../core/model/assurance.ts";
import type { AuthorizationDetail, FormerStatus, Grant, Session, Uses, Via } from "../../../../core/model/session.ts";
import type { ListedSession } from "../../../../core/status/publish-store.ts";
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

/** A row stays this long after its session ended, for whoever investigates. */
export const keptSeconds = 86_400;

/**
 * Sessions stand under their own ids, which are base64url: everything else of a tree stands beyond the last of them, so that
 * a walk reads sessions alone, however many offers and handles their agents made (threat 34).
 */
export const beyondSessions = "~";

/**
 * A session as a row of Sessions. Everything is a readable attribute; only the fields of authorization details stand as
 * JSON text, since DynamoDB's numbers and empty names would not bring every constraint back exactly as it was compared.
 */
export function sessionItem(session: Session): Item {
  return { ...sessionFields(session), expiresAt: session.expiresAtSeconds + keptSeconds };
}

/**
 * A session's attributes, also inside a row of something else. Attribute `generations` holds the revocation epochs,
 * `lending` the delegation rules.
 */
export const sessionFields = ({ grants, via, epochs, delegationRules, ...rest }: Session): Item => ({
  ...rest,
  generations: epochs,
  ...(delegationRules === undefined ? {} : { lending: delegationRules }),
  grants: grants.map(grantItem),
  ...(via ? { via: via.kind === "hop" ? { ...via, presented: grantItem(via.presented) } : via } : {}),
});

/** Scopes at one resource, with their constraints as text. */
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

export const grant = members<Grant>({ resource: text, scopes: list(text), details: list(json(detail)) });
export const uses = members<Uses>({ max: whole, countedAt: list(text) });

const via = byKind<Via>({
  offer: members({ kind: oneOf("offer") }),
  hop: members({ kind: oneOf("hop"), presented: grant }),
});

/** What stands under another name in a row than in a session. */
interface OtherNames {
  readonly generations: Session["epochs"];
  readonly lending?: readonly string[];
}

/** A session by its attributes' names. */
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
  principal: members<Session["principal"]>({
    id: text,
    kind: oneOf("person", "agent"),
    subId: optional(members({ iss: text, sub: text })),
    groups: optional(list(text)),
  }),
  actors: (value, at) => {
    const actors = list(text)(value, at);
    // the last of them is who acts
    return actors.length > 0 ? actors : misread(at, "list of at least one agent");
  },
  grants: list(grant),
  jkt: text,
  assurance: oneOf(...assuranceLevels),
  build: optional(text),
  purpose: optional(anyText),
  createdAtSeconds: whole,
  expiresAtSeconds: whole,
  generations: mapOf(whole),
  registryVersion: whole,
  status: members<Session["status"]>({ list: text, idx: whole }),
  formerStatus: optional(list(members<FormerStatus>({ list: text, idx: whole, untilSeconds: whole }))),
  uses: optional(uses),
  lending: optional(list(text)),
  meanings: optional(mapOf(text)),
  via: optional(via),
  lastEndSeconds: optional(whole),
  login: optional(login),
  ended: optional(flag),
};

/** Decodes what {@link sessionFields} made. */
export const session: Decode<Session> = (value, at) => ofColumns(columns(value, at));
const columns = members(shape);

/** What a row has beside what it holds: when it may go. */
export interface Kept {
  readonly expiresAt: number;
}

const sessionRow = row(
  { table: "sessions", key: ["root", "sid"] },
  members<Columns & Kept>({ ...shape, expiresAt: whole }),
);

/**
 * The session of a row.
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
 * What of a session's row a walk needs to publish its end. All else may be broken, or of a version that knows more: no bit
 * of a tree must stay unset for a column that has nothing to do with it.
 * @throws {@link BrokenRow}
 */
export const listedOf = (item: Item): ListedSession =>
  ofColumns(listedRow(Object.fromEntries(Object.entries(item).filter(([name]) => listedColumns.has(name)))));

const listedColumns = new Set(["root", "sid", "anc", "generations", "status", "expiresAtSeconds", "formerStatus"]);
