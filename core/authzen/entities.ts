import type { Denial } from "../denial/denial.ts";
import { err, ok, type Result } from "../model/result.ts";

/** A JSON object of somebody else's. */
export type Members = Readonly<Record<string, unknown>>;

/** A subject or a resource. A search leaves out the id of what it looks for. */
export interface Entity {
  readonly type: string;
  readonly id?: string;
  readonly properties: Members;
}

/** What every question of AuthZEN is made of (Authorization API 1.0, Information Model). */
export interface Entities {
  readonly subject: Entity;
  readonly action: { readonly name: string; readonly properties: Members };
  readonly resource: Entity;
  readonly context: Members;
}

/** What a question may leave out: a search does not name what it looks for. */
interface Without {
  readonly action?: true;
  readonly resourceId?: true;
}

/**
 * Reads the entities of a question by AuthZEN's own rules; what they mean to us is another step. Members that AuthZEN
 * does not know are ignored, as it demands.
 * @returns the entities, or `parameter_missing`, `parameter_invalid`
 */
export function readEntities(body: Members, without: Without = {}): Result<Entities, Denial> {
  const subject = entity(body.subject, "subject", false);
  if (!subject.ok) return subject;
  const action = without.action ? ok({ name: "", properties: {} }) : named(body.action);
  if (!action.ok) return action;
  const resource = entity(body.resource, "resource", without.resourceId === true);
  if (!resource.ok) return resource;
  const context = properties(body.context, "context");
  if (!context.ok) return context;
  return ok({ subject: subject.value, action: action.value, resource: resource.value, context: context.value });
}

function named(value: unknown): Result<Entities["action"], Denial> {
  const whole = object(value, "action");
  if (!whole.ok) return whole;
  const name = text(whole.value.name, "action.name");
  if (!name.ok) return name;
  const more = properties(whole.value.properties, "action.properties");
  return more.ok ? ok({ name: name.value, properties: more.value }) : more;
}

function entity(value: unknown, at: string, isSought: boolean): Result<Entity, Denial> {
  const whole = object(value, at);
  if (!whole.ok) return whole;
  const type = text(whole.value.type, `${at}.type`);
  if (!type.ok) return type;
  const id = isSought ? ok(undefined) : text(whole.value.id, `${at}.id`);
  if (!id.ok) return id;
  const more = properties(whole.value.properties, `${at}.properties`);
  if (!more.ok) return more;
  return ok({ type: type.value, ...(id.value === undefined ? {} : { id: id.value }), properties: more.value });
}

/** A value as an object of members. */
export const membersOf = (value: unknown): Members | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Members) : undefined;

function object(value: unknown, name: string): Result<Members, Denial> {
  const members = membersOf(value);
  if (members) return ok(members);
  return err(value === undefined ? { code: "parameter_missing", name } : invalid(name, "an object"));
}

const properties = (value: unknown, name: string): Result<Members, Denial> =>
  value === undefined ? ok({}) : object(value, name);

function text(value: unknown, name: string): Result<string, Denial> {
  if (value === undefined) return err({ code: "parameter_missing", name });
  return typeof value === "string" && value !== "" ? ok(value) : err(invalid(name, "a text that is not empty"));
}

const invalid = (name: string, what: string): Denial => ({ code: "parameter_invalid", name, why: `must be ${what}` });
