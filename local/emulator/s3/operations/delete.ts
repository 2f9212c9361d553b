/** DeleteObject: a marker over the versions, or one version for good. */
import { type Operation, versionHeader, xmlType } from "./operation.ts";
import { refuseLocked } from "./retention.ts";

/** DeleteObject. What is not there is deleted already. */
export const deleteObject: Operation = (call, ground) => {
  const { objects, nowMillis } = ground;
  const id = call.query.get("versionId");
  const done = (headers: Readonly<Record<string, string>> = {}) => ({ status: 204, type: xmlType, headers, body: "" });
  if (id === undefined) {
    const marker = objects.mark(call.key);
    return done(marker && { "x-amz-delete-marker": "true", ...versionHeader(marker, ground) });
  }
  const version = objects.versions(call.key).find((each) => each.id === id);
  if (version === undefined) return done({ "x-amz-version-id": id });
  refuseLocked(version, call, nowMillis());
  objects.remove(version);
  return done({ ...versionHeader(version, ground), ...(version.isMarker ? { "x-amz-delete-marker": "true" } : {}) });
};
