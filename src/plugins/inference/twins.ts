/** Endings of a family's name, by the kind of source that its networks are for. Where a twin is not installed, the next one serves. */
const ENDINGS = {
  clean: [''],
  video: ['-video', ''],
  coarse: ['-coarse', '-video', ''],
} as const;

/** The kinds of sources that networks are for: clean ones, compressed ones, and those whose encoder has quantised them coarsely. */
export type Content = keyof typeof ENDINGS;

/** Names under which a family's networks for a kind of source are looked for, the best first. */
export function familiesFor(family: string, content: Content): readonly string[] {
  return ENDINGS[content].map((ending) => `${family}${ending}`);
}
