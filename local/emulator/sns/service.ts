/** SNS in the query protocol: Publish to the template's topics. */
import { type Form, type QueryService, queryService, type Result } from "../query.ts";
import { contextOf, ServiceError } from "../service.ts";
import type { Published, Topics } from "./topics.ts";

/** Of its answers. */
export const snsNamespace = "http://sns.amazonaws.com/doc/2010-03-31/";
const mostBytes = 262_144;
/** Printable ASCII on one line; it begins with a letter, a digit or punctuation. */
const subjectForm = /^[\x21-\x7e][\x20-\x7e]{0,99}$/;
/** Fields that are known; another one would be half emulated, so it is refused. */
const known = /^(Action|Version|TopicArn|Subject|Message|MessageStructure|MessageAttributes\.entry\.\d+\..+)$/;

/** Opens the service. */
export function openSns(topics: Topics): QueryService {
  return queryService("SNS", snsNamespace, {
    Publish: {
      access: (form) => [{ action: "sns:Publish", resource: topicOf(form), context: contextOf({}) }],
      call: (form) => publish(form, topics),
    },
  });
}

function publish(form: Form, topics: Topics): Result {
  const other = [...form.keys()].find((name) => !known.test(name));
  if (other !== undefined) throw invalid(`${other} is not known to the embedded SNS`);
  const arn = topicOf(form);
  if (!topics.has(arn)) throw new ServiceError("NotFound", "Topic does not exist", 404);
  const subject = form.get("Subject");
  if (subject !== undefined && !subjectForm.test(subject)) throw invalid("Invalid parameter: Subject");
  const attributes = attributesOf(form);
  const message = { ...(subject === undefined ? {} : { subject }), texts: textsOf(form), attributes };
  return { MessageId: topics.put(arn, message) };
}

function topicOf(form: Form): string {
  const arn = form.get("TopicArn") ?? "";
  if (!/^arn:aws:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/.test(arn)) throw invalid("Invalid parameter: TopicArn");
  return arn;
}

/** The message of each protocol: with `MessageStructure` its JSON says which gets what, and must say so for the rest. */
function textsOf(form: Form): Published["texts"] {
  const text = form.get("Message") ?? "";
  if (text === "") throw invalid("Invalid parameter: Empty message");
  if (Buffer.byteLength(text) > mostBytes) throw invalid("Invalid parameter: Message too long");
  const structure = form.get("MessageStructure");
  if (structure === undefined) return { default: text };
  if (structure !== "json") throw invalid("Invalid parameter: MessageStructure");
  const parsed = parse(text);
  if (typeof parsed !== "object" || parsed === null || !("default" in parsed))
    throw invalid("Invalid parameter: Message Structure - No default entry in JSON message body");
  const texts = Object.entries(parsed);
  if (texts.some(([, value]) => typeof value !== "string"))
    throw invalid("Invalid parameter: Message Structure - JSON message body failed to parse");
  return Object.fromEntries(texts) as Record<string, string>;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid("Invalid parameter: Message Structure - JSON message body failed to parse");
  }
}

function attributesOf(form: Form): Published["attributes"] {
  const attributes: Record<string, string> = {};
  for (let place = 1; form.has(`MessageAttributes.entry.${place}.Name`); place += 1) {
    const at = `MessageAttributes.entry.${place}`;
    const name = form.get(`${at}.Name`) ?? "";
    const value = form.get(`${at}.Value.StringValue`) ?? "";
    if (!/^[\w.-]{1,256}$/.test(name) || form.get(`${at}.Value.DataType`) !== "String" || value === "")
      throw invalid(`The message attribute '${name}' is no text, or has no value`);
    attributes[name] = value;
  }
  return attributes;
}

const invalid = (message: string): ServiceError => new ServiceError("InvalidParameter", message);
