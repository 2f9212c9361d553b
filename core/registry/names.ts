import * as z from "zod";
import { limits } from "../model/limits.ts";

/** Schemas of the names that registrations have and use for each other. */

/**
 * SPIFFE path segments (SPIFFE-ID 2.2), lower case only: people would take two names that differ only in case for one.
 */
export const agentName = z
  .string()
  .regex(/^[a-z0-9._-]+(\/[a-z0-9._-]+)*$/, "use lower-case letters, digits, '.', '-', '_' and '/' between segments")
  .max(limits.agentIdCharacters)
  .refine((name) => !name.split("/").some((s) => s === "." || s === ".."), "'.' and '..' are no path segments");
/** Name of any other registration. */
export const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "use up to 64 lower-case letters, digits, '.', '-', '_'");
/** Narrower than RFC 6749 3.3, so that a scope needs no quoting anywhere; no wildcard. */
export const scope = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9:._/-]{0,99}$/, "use letters, digits and ':._/-'");
/**
 * Name of a tool, in the characters that MCP gives them (2025-11-25, Tools): ASCII alone, so that no name has a second
 * spelling in Unicode.
 */
export const toolName = z.string().regex(/^[A-Za-z0-9_.-]{1,128}$/, "use up to 128 letters, digits, '_', '-' and '.'");
/** Name of a details type. */
export const typeName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9:._/-]{0,99}$/, "use letters, digits and ':._/-'");
/** Path of a field of a detail. */
export const fieldPath = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_]{0,63}(\.[A-Za-z][A-Za-z0-9_]{0,63}){0,3}$/,
    "use letters, digits and '_', a letter first, '.' between a field and one inside it",
  );
/** URI of a resource or an issuer. */
export const uri = z.string().min(1).max(512);
