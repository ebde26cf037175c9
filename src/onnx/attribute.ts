import { create } from '@bufbuild/protobuf';
import { type AttributeProto, AttributeSchema, type NodeProto } from './schema.js';

/** ONNX's numbers for the kinds of attribute that srvid writes. */
const ATTRIBUTE = { float: 1, int: 2, string: 3, ints: 7 } as const;

/** An attribute's value. Integers are written as ints; a float with an integral value must be given as `{ float }`. */
export type AttributeValue = number | string | readonly number[] | { readonly float: number };

/** Makes an attribute of a node. */
export function attribute(name: string, value: AttributeValue): AttributeProto {
  return create(AttributeSchema, { name, ...held(value) });
}

function held(value: AttributeValue): Partial<Omit<AttributeProto, '$typeName' | '$unknown'>> {
  if (typeof value === 'number') return { type: ATTRIBUTE.int, i: BigInt(value) };
  if (typeof value === 'string') return { type: ATTRIBUTE.string, s: new TextEncoder().encode(value) };
  if ('float' in value) return { type: ATTRIBUTE.float, f: value.float };
  return { type: ATTRIBUTE.ints, ints: value.map(BigInt) };
}

const find = (node: NodeProto, name: string) => node.attribute.find((candidate) => candidate.name === name);

/** A node's integer attribute; `otherwise`, ONNX's default, where it is not given. */
export function intOf(node: NodeProto, name: string, otherwise: number): number {
  const found = find(node, name);
  return found ? Number(found.i) : otherwise;
}

/** A node's attribute with several integers; undefined where it is not given. */
export function intsOf(node: NodeProto, name: string): readonly number[] | undefined {
  return find(node, name)?.ints.map(Number);
}

/** A node's text attribute; '' where it is not given. */
export function stringOf(node: NodeProto, name: string): string {
  return new TextDecoder().decode(find(node, name)?.s);
}

/** Sets an attribute, in place of an earlier one of that name. */
export function setAttribute(node: NodeProto, name: string, value: AttributeValue): void {
  node.attribute = [...node.attribute.filter((other) => other.name !== name), attribute(name, value)];
}

/** True for a node that contains graphs: If, Loop, Scan. */
export function hasSubgraph(node: NodeProto): boolean {
  return node.attribute.some(({ g, graphs }) => g !== undefined || graphs.length > 0);
}
