/** A string of JSON, or a sign that opens, closes or parts what it holds. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/gs;

/**
 * The first name that stands twice in one object of a JSON text, of which JSON.parse silently keeps the last value.
 * @param text valid JSON
 */
export function duplicateName(text: string): string | undefined {
  const objects: (Set<string> | undefined)[] = [];
  let last: string | undefined;
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{') objects.push(new Set());
    else if (token === '[') objects.push(undefined);
    else if (token === '}' || token === ']') objects.pop();
    else if (token.startsWith('"')) last = JSON.parse(token) as string;
    else if (token === ':' && last !== undefined) {
      const names = objects.at(-1);
      if (names?.has(last)) return last;
      names?.add(last);
    }
  }
  return undefined;
}
