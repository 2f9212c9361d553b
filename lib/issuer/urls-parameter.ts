import type { Stage } from "../settings/stage.ts";

/** Name of the parameter that holds the functions' URLs; a literal, so that discovery never refers to the Service stack. */
export const urlsParameterName = (stage: Stage): string => `/lanyard/${stage.name}/urls`;

/**
 * Name of the parameter that tells operators the deployment's addresses (`lanyard login`). Discovery reads another one,
 * since the most exposed function need not know the operators' functions.
 */
export const deploymentParameterName = (stage: Pick<Stage, "name">): string => `/lanyard/${stage.name}/deployment`;
