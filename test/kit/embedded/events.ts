/** EventBridge's matching: a rule of the templates is tested by which events it matches. */
export { checkPattern, matchesPattern } from "../../../local/emulator/events/pattern.ts";
