/**
 * Characters by which a text could command a terminal, hide what stands beside it, or begin a line of its own: the
 * control characters of both sets but the line feed (ECMA-48), and Unicode's marks of lines and of writing direction.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const COMMANDING = /[\0-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A text with nothing in it that a terminal obeys: names of files and tags come from strangers. Each such character is shown as its number, "\x1b". */
export function plain(text: string): string {
  return text.replaceAll(COMMANDING, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

/** The same for a text of one line, in which a line feed is shown, too. */
export function plainLine(text: string): string {
  return plain(text).replaceAll('\n', '\\n');
}

/** A value as JSON that a terminal does not obey, either. Read again it is the same value. */
export function plainJson(value: unknown, indent?: number): string {
  // Those below 0x20 are escaped in any JSON; a line feed or a tab between its parts is not.
  return JSON.stringify(value, null, indent).replaceAll(/[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
