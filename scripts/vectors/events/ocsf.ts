import { gunzipSync } from "node:zlib";
import Ajv from "ajv/dist/2020.js";
import { z } from "zod";
import { ocsfClasses } from "../../../core/audit/classes.ts";
import { full, operations } from "../../../test/audit/samples.ts";
import { toRecord } from "../../../test/kit/records.ts";
import { type Evaluated, eachCase, topic, unreadable } from "../document.ts";
import type { VectorFolder } from "../folder.ts";

const eventCase = z.looseObject({
  name: z.string(),
  class_: z.string(),
  schema_valid: z.boolean().default(true),
  event: z.looseObject({}),
});

/** The schema that our own events are tested by, of the version in the note's name; 1.8.0 where there is none. */
function schemaOf(folder: VectorFolder, file: string): (className: string, event: unknown) => string {
  const version = /^event-cases-(.+)\.json$/.exec(file)?.[1] ?? "1.8.0";
  const bundle = folder.json(`ocsf-${version}.bundle.schema.json`) as { readonly $id: string };
  const ajv = new Ajv.default({ strict: false, validateFormats: false });
  ajv.addSchema(bundle);
  return (className, event) => {
    const check = ajv.getSchema(`${bundle.$id}#/$defs/class__${className}`);
    if (!check) throw new Error(`no class ${className} in OCSF ${version}`);
    return check(event) ? "" : ajv.errorsText(check.errors);
  };
}

/** The members by which an event says what it is: arithmetic that no schema holds it to. */
function arithmetic({ class_uid, activity_id, type_uid, category_uid, time }: Record<string, unknown>): string {
  if (type_uid !== Number(class_uid) * 100 + Number(activity_id)) return "type_uid is not class and activity";
  if (category_uid !== Math.floor(Number(class_uid) / 1000)) return "category_uid is not the class's";
  return Number(time) > 1e12 ? "" : "time is not in milliseconds";
}

const cases = z.looseObject({ cases: z.array(z.unknown()) });

/** OCSF events, by the schema and the arithmetic that every event of ours is held to. */
export const ocsfEvents = topic(/^event-cases(-.+)?\.json$/, cases, (given, folder, file) => {
  const faults = schemaOf(folder, file);
  return eachCase(given.cases, { folder, file, shape: eventCase }, ({ name, class_, schema_valid, event }) => ({
    file: folder.label(file, name),
    said: schema_valid ? "valid" : "invalid",
    expected: [schema_valid ? ("valid" as const) : ("invalid" as const)],
    evaluate: (): Evaluated => {
      const fault = faults(class_, event) || arithmetic(event);
      return fault === "" ? { outcome: "valid", reason: class_ } : { outcome: "invalid", reason: fault };
    },
  }));
});

const activity = z.union([z.string(), z.looseObject({ caption: z.string() }).transform(({ caption }) => caption)]);
const listed = z.looseObject({
  class_uid: z.number(),
  activities: z.record(z.string(), activity),
  required: z.array(z.string()),
});

/** Every event of ours that is of this class: its activity is one of the class, and no required member is missing. */
function evaluateClass({ class_uid, activities, required }: z.infer<typeof listed>): Evaluated {
  let written = 0;
  for (const operation of operations) {
    const event = JSON.parse(toRecord(full(operation), "DDDDDDDDDDDDDDDDDDDDDD").body) as Record<string, unknown>;
    if (event.class_uid !== class_uid) continue;
    written += 1;
    const name = activities[String(event.activity_id)];
    // 99 is Other by whatever name its writer has for it
    if (name === undefined || (event.activity_id !== 99 && name !== event.activity_name))
      return { outcome: "invalid", reason: `${operation}: activity ${event.activity_id} is ${name}` };
    const missing = required.find((member) => event[member] === undefined);
    if (missing !== undefined) return { outcome: "invalid", reason: `${operation}: ${missing} is missing` };
  }
  return { outcome: "valid", reason: `${written} of our operations are written as it` };
}

/** The classes of a version: what we write as one of them is what it asks for; each of ours must be there. */
function classDocuments(classes: readonly (readonly [string, unknown])[], folder: VectorFolder, file: string) {
  const uids = new Set(Object.values(ocsfClasses).map(({ classUid }) => classUid));
  const named = classes.map(([name, one]) => ({ ...(one as object), name }));
  const found = new Set(named.map((one) => (one as { class_uid?: unknown }).class_uid));
  const absent = [...uids].filter((uid) => !found.has(uid));
  return [
    ...absent.map((uid) => unreadable(folder.label(file, `${uid}`), "is a class that we write and that is not here")),
    ...eachCase(named, { folder, file, shape: listed.extend({ name: z.string() }) }, (one) => ({
      file: folder.label(file, one.name),
      said: "valid",
      expected: ["valid" as const],
      evaluate: () => evaluateClass(one),
    })),
  ];
}

/** Classes of a version, as the notes list them. */
export const ocsfClassList = topic(
  /^ocsf-.+\.classes\.json$/,
  z.record(z.string(), z.unknown()),
  (classes, folder, file) => classDocuments(Object.entries(classes), folder, file),
);

const attribute = z.looseObject({
  requirement: z.string().optional(),
  profiles: z.array(z.string()).nullish(),
  enum: z.record(z.string(), z.looseObject({ caption: z.string() })).optional(),
});
const compiled = z.looseObject({
  version: z.string(),
  classes: z.record(z.string(), z.looseObject({ uid: z.number(), attributes: z.record(z.string(), attribute) })),
});
const compiledBytesMax = 64 * 1_048_576;

/** A whole version as OCSF's compiler writes it; members of a profile are required of whoever declares it alone. */
export const ocsfCompiled = topic(/^ocsf-.+\.compiled\.json\.gz$/, z.undefined(), (_none, folder, file) => {
  const text = gunzipSync(folder.bytes(file), { maxOutputLength: compiledBytesMax }).toString("utf8");
  const read = compiled.safeParse(JSON.parse(text));
  if (!read.success) return [unreadable(folder.label(file), "is no compiled schema of OCSF")];
  const classes = Object.entries(read.data.classes).map(([name, { uid, attributes }]) => {
    const required = Object.entries(attributes).filter(
      ([, one]) => one.requirement === "required" && (one.profiles ?? []).length === 0,
    );
    return [
      name,
      { class_uid: uid, activities: attributes.activity_id?.enum ?? {}, required: required.map(([member]) => member) },
    ] as const;
  });
  return classDocuments(classes, folder, file);
});
