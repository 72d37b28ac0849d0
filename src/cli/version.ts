import manifest from "../../package.json" with { type: "json" };

/** The version in package.json; the bundle carries it inside. */
export const version: string = manifest.version;
