import { z } from "zod";
import { isEncrypted } from "../../../core/audit/personal.ts";
import { type KeyOf, revealColumns } from "../../../core/audit/reveal.ts";
import { ask } from "../deployment/ask.ts";
import type { Profile } from "../deployment/profile.ts";
import { reader } from "../deployment/reader.ts";
import type { AuditEvent } from "./events.ts";

const readKey = reader(z.object({ held: z.boolean(), key: z.string().optional() }), "person's key");

/**
 * Persons' keys, from admin-read, each asked for once: every answer is a record of who was given it. They stay in this
 * process and are written nowhere.
 */
export function keysOf(profile: Profile): KeyOf {
  const known = new Map<string, Promise<string | undefined>>();
  return (person) => {
    const held = known.get(person) ?? ask(profile, `people/${person}/key`).then((answer) => readKey(answer).key);
    known.set(person, held);
    return held;
  };
}

/** An event with what it has of a person readable, as far as the person was not erased. */
export async function revealEvent<E extends AuditEvent>(event: E, keyOf: KeyOf): Promise<E> {
  const lanyard = await revealColumns(event.unmapped.lanyard, event.metadata.uid, keyOf);
  const { comment } = event as { readonly comment?: unknown };
  // OCSF's comment repeats our reason
  const said = comment === event.unmapped.lanyard.reason && comment !== undefined ? { comment: lanyard.reason } : {};
  return { ...event, ...said, unmapped: { ...event.unmapped, lanyard } };
}

/** How an encrypted text is shown to people. */
export const shownText = (text: string): string => (isEncrypted(text) ? "[encrypted]" : text);
