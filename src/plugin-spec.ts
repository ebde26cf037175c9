/** A plugin that a chain names, with options that are not yet validated. */
export interface PluginRequest {
  /** A built-in's name, a path ("./sharpen.js", a directory with a package.json), or a package's name. */
  readonly use: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Parses "abpn?scale=3" to a request. Values are JSON where they parse as JSON, else text. */
export function parsePluginSpec(spec: string): PluginRequest {
  const mark = spec.indexOf('?');
  if (mark < 0) return { use: spec, options: {} };
  const entries = [...new URLSearchParams(spec.slice(mark + 1))].map(([key, value]) => [key, jsonOrText(value)] as const);
  return { use: spec.slice(0, mark), options: Object.fromEntries(entries) };
}

function jsonOrText(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
