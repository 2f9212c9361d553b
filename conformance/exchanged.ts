import { exchange, type Fields } from "../test/kit/wire/forms.ts";
import { sharedSession, wanting } from "./flows.ts";
import type { Target } from "./target.ts";

/** Exchanges the worker's session for an access token of its first scope; `change` may spoil the form. */
export async function exchanged(target: Target, change: (form: Fields) => Fields = (form) => form) {
  const form = [...exchange("session", await sharedSession(target)), ...wanting(target.need("own"))];
  return target.ask("token", await target.actor("worker"), change(form));
}
/** The form without this parameter. */
export const without =
  (name: string) =>
  (form: Fields): Fields =>
    form.filter(([each]) => each !== name);
/** The form with this parameter's value replaced. */
export const replaced =
  (name: string, value: string) =>
  (form: Fields): Fields => [...without(name)(form), [name, value]];
