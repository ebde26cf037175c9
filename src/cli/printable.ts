/** Control characters but the ends of lines and tabulators. File names and tags may hold them, and a terminal would obey them. */
const CONTROL = /[^\P{Cc}\n\t]/gu;

/** A text for the terminal: control characters are shown as `\x1b`, and not sent. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, (character) => `\\x${(character.codePointAt(0) as number).toString(16).padStart(2, '0')}`);
}
