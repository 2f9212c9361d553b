import { exchange } from "../../test/kit/wire/forms.ts";
import { granted, must, refused, text } from "../expect.ts";
import { wanting } from "../flows.ts";
import { rowsOf } from "../row.ts";
import type { Target } from "../target.ts";

/** Asks for what policy permits to people who signed in otherwise than this one. */
const ask = async (target: Target) => {
  const signedIn = target.need("signedIn");
  const form = [...exchange("id", await target.need("person")()), ...wanting(signedIn)];
  return target.ask("token", await target.actor("opener"), form);
};

/** RFC 9470 at the token endpoint: what a resource's policy wants of the sign-in is known before its token is issued. */
export const signInRows = rowsOf("RFC 9470", [
  {
    section: "3",
    level: "MUST",
    text: "A sign-in that is not what policy wants is insufficient_user_authentication, and releases nothing",
    async run(target) {
      const answer = await ask(target);
      refused(answer, 400, "insufficient_user_authentication");
      for (const name of ["access_token", "auth_req_id"])
        must(answer.json[name] === undefined, `the refusal carries ${name}`);
      // the same person lends the same agent what wants no such sign-in: it is this that is refused
      const form = [...exchange("id", await target.need("person")()), ...wanting(target.need("lent"))];
      granted(await target.ask("token", await target.actor("opener"), form));
    },
  },
  {
    section: "3",
    level: "MUST",
    text: "max_age is a whole number of seconds, not negative; acr_values are distinct values with one blank between",
    async run(target) {
      const { max_age: age, acr_values: values } = (await ask(target)).json;
      must(age !== undefined || values !== undefined, "it does not say what would be enough");
      must(age === undefined || (Number.isSafeInteger(age) && Number(age) >= 0), `max_age is ${JSON.stringify(age)}`);
      if (values === undefined) return;
      const list = text(values, "acr_values").split(" ");
      must(
        list.every((value) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value)),
        `acr_values are ${JSON.stringify(values)}`,
      );
      must(new Set(list).size === list.length, "acr_values names a value twice");
    },
  },
  {
    section: "3",
    level: "MUST",
    text: "It is told anew each time, the same for the same request: a client sends the person to sign in by it",
    async run(target) {
      const [one, other] = [await ask(target), await ask(target)];
      for (const name of ["max_age", "acr_values"])
        must(one.json[name] === other.json[name], `${name} was told as two values`);
      must(text(one.json.error_description, "error_description") !== "", "there is no description");
    },
  },
]);
