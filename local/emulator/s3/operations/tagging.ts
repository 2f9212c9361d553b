/** GetObjectTagging. */
import { element, namespace, xml } from "../xml.ts";
import { namedObject, type Operation, versionHeader, xmlType } from "./operation.ts";

/** GetObjectTagging. */
export const getTagging: Operation = (call, ground) => {
  const version = namedObject(call, ground);
  const tags = Object.entries(version.tags ?? {}).map(
    ([key, value]) => `<Tag>${element("Key", key)}${element("Value", value)}</Tag>`,
  );
  return {
    type: xmlType,
    headers: versionHeader(version, ground),
    body: xml(`<Tagging xmlns="${namespace}"><TagSet>${tags.join("")}</TagSet></Tagging>`),
  };
};
