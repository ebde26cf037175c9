/** Typing mistakes that a name of so many letters may have. */
const allowedIn = (length: number) => (length < 3 ? 0 : length < 5 ? 1 : 2);

/**
 * The question that proposes the known name nearest to a mistyped one, such as ` Did you mean "abpn"?`, with a space
 * before it. Empty where none is near.
 */
export function didYouMean(typed: string, known: Iterable<string>): string {
  const nearest = nearestOf(typed, known);
  return nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
}

function nearestOf(typed: string, known: Iterable<string>): string | undefined {
  const wanted = typed.toLowerCase();
  const names = [...known].map((name) => ({ name, mistakes: mistakesBetween(wanted, name.toLowerCase()) })).sort((a, b) => a.mistakes - b.mistakes);
  const [best] = names;
  if (best && best.mistakes <= allowedIn(wanted.length)) return best.name;
  return wanted.length < 3 ? undefined : names.find(({ name }) => name.toLowerCase().startsWith(wanted))?.name;
}

/** Letters to add, leave out, change or swap with their neighbour: the distance of Damerau and Levenshtein, each letter touched once. */
function mistakesBetween(a: string, b: string): number {
  let [before, last]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      let least = Math.min((last[column] as number) + 1, (next[column - 1] as number) + 1, (last[column - 1] as number) + same);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) least = Math.min(least, (before[column - 2] as number) + 1);
      next.push(least);
    }
    [before, last] = [last, next];
  }
  return last[b.length] as number;
}
