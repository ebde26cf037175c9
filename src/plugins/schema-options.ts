import * as z from 'zod';
import type { OptionsSchema } from './contract.js';

/** One option of a plugin, as its schema tells it. */
export interface PluginOption {
  readonly name: string;
  /** The values in words: "2, 3 or 4", "number", "text". */
  readonly values: string;
  /** The default as JSON has it; absent where there is none. */
  readonly fallback?: unknown;
  readonly help: string;
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly type?: string;
  readonly default?: unknown;
  readonly description?: string;
}

/** The options that a schema of zod's has; undefined for any other, which cannot be read. */
export function optionsOf(schema: OptionsSchema<unknown> | undefined): readonly PluginOption[] | undefined {
  if (!schema) return [];
  const read = jsonSchemaOf(schema);
  return (
    read?.properties &&
    Object.entries(read.properties).map(([name, property]) => ({
      name,
      values: valuesOf(property),
      ...(property.default !== undefined && { fallback: property.default }),
      help: property.description ?? '',
    }))
  );
}

function jsonSchemaOf(schema: OptionsSchema<unknown>): JsonSchema | undefined {
  if (!('_zod' in schema)) return undefined;
  try {
    return z.toJSONSchema(schema as unknown as z.ZodType, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  } catch {
    return undefined; // Of another version of zod.
  }
}

const WORDS: Readonly<Record<string, string>> = { string: 'text', integer: 'whole number', boolean: 'true or false', array: 'list' };

function valuesOf({ enum: listed, const: only, anyOf, type }: JsonSchema): string {
  const values = listed ?? (only === undefined ? undefined : [only]);
  if (values) return values.length < 2 ? `${values[0]}` : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
  if (anyOf) return anyOf.map(valuesOf).join(' or ');
  return type === undefined ? 'any' : (WORDS[type] ?? type);
}
