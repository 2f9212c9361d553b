import type { ToolDeclaration } from "../model/resource-registration.ts";
import type { DetailsUse } from "../verify/permits.ts";
import type { Members } from "./entities.ts";

/**
 * What a call's arguments name, in the terms of the details that may restrict them. A place where nothing stands names
 * nothing: where a detail restricts that field, the call is refused and not let through unread.
 */
export function useOf({ details = {} }: ToolDeclaration, args: Members): DetailsUse {
  return Object.fromEntries(
    Object.entries(details).map(([type, fields]) => [
      type,
      Object.fromEntries(
        Object.entries(fields).flatMap(([field, pointer]) => {
          const value = valueAt(args, pointer);
          return value === undefined ? [] : [[field, value]];
        }),
      ),
    ]),
  );
}

/** The value at a JSON Pointer (RFC 6901); only own members count, so that no prototype's can stand for an argument. */
function valueAt(whole: unknown, pointer: string): unknown {
  let value = whole;
  for (const step of pointer.slice(1).split("/")) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    // of a list only an index counts: its length is no argument
    if (Array.isArray(value) && !/^(0|[1-9][0-9]{0,5})$/.test(name)) return undefined;
    value = (value as Members)[name];
  }
  return value;
}
