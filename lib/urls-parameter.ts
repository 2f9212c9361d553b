import type { Stage } from "./stage.ts";

/** Name of the parameter that holds the functions' URLs; a literal, so that discovery never refers to the Service stack. */
export const urlsParameterName = (stage: Stage): string => `/lanyard/${stage.name}/urls`;
