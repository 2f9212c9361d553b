/** A path inside a registration and what is wrong there. */
export type Finding = readonly [path: string, message: string];

/** Values that a list contains more than once. */
export const repeated = (values: readonly string[], path: string): Finding[] =>
  values.flatMap((v, i): Finding[] => (values.indexOf(v) < i ? [[`${path}.${i}`, `${v} is listed twice`]] : []));
