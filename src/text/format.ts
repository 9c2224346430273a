/** With thousands separators, the same on every machine. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** "1 profile", "2,000 profiles". */
export function countOf(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** To the second, in UTC: the same text on every machine. */
export function instant(iso: string): string {
  return iso.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC');
}

/** "12 ms", "1.5 s", "1 min 1 s", "1 h 2 min". */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const LISTED = 20;

/** The first names of a list, and how many more there are: Temporal limits what a page of the Web UI may take. */
export function listOf(names: readonly string[]): string {
  const more = names.length > LISTED ? ` and ${count(names.length - LISTED)} more` : '';
  return names.slice(0, LISTED).join(', ') + more;
}
