const MAX_NAMES = 30;
const MAX_CHARACTERS = 60;

/** `"Emial" … Did you mean "Email"? There are: CustomerId, Email, …`: the end of a message about a name that does not exist. */
export function suggest(name: string, available: readonly string[]): string {
  const near = nearest(name, available);
  const more = available.length - MAX_NAMES;
  const list = available.slice(0, MAX_NAMES).map(shorten).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return `${near === undefined ? '' : `Did you mean "${shorten(near)}"? `}Available: ${list || 'none'}.`;
}

/** A name for a message: a file may have any. */
export function shorten(name: string): string {
  return name.length > MAX_CHARACTERS ? `${name.slice(0, MAX_CHARACTERS)}…` : name;
}

/** The name that is probably meant. */
export function nearest(name: string, available: readonly string[]): string | undefined {
  const wanted = fold(name);
  const scored = available
    .filter((other) => other.length <= 2 * name.length + MAX_CHARACTERS)
    .map((other) => ({ other, distance: distance(wanted, fold(other)) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [best] = scored;
  return best && best.distance <= Math.ceil(wanted.length / 3) ? best.other : undefined;
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
}

/** Levenshtein's, over one row of the table at a time. */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const change = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(change, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    above = current;
  }
  return above[b.length] ?? 0;
}
