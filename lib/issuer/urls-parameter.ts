import type { Stage } from "../settings/stage.ts";

/** Name of the parameter that holds the functions' URLs; a literal, so that discovery never refers to the Service stack. */
export const urlsParameterName = (stage: Stage): string => `/lanyard/${stage.name}/urls`;

/**
 * Name of the parameter that says to operators where the deployment is (`lanyard login`). It is not the one that discovery
 * reads: the most exposed function need not know where the operators' functions are.
 */
export const deploymentParameterName = (stage: Pick<Stage, "name">): string => `/lanyard/${stage.name}/deployment`;
