import type { ValueInfoProto } from './schema.js';

/** A tensor's size along each axis; undefined where the size is not fixed. */
export function dimsOf({ type }: ValueInfoProto): readonly (number | undefined)[] {
  return (type?.tensorType?.shape?.dim ?? []).map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : undefined));
}
