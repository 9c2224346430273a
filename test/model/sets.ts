export const NONE: ReadonlySet<string> = new Set();
export const minus = <Item>(from: Iterable<Item>, ...what: ReadonlySet<Item>[]) =>
  new Set([...from].filter((item) => !what.some((set) => set.has(item))));
export const pick = <Value>(from: Readonly<Record<string, Value>>, isWanted: (key: string) => boolean) =>
  Object.fromEntries(Object.entries(from).filter(([key]) => isWanted(key)));
export const sorted = <Item>(items: Iterable<Item>, by: (item: Item) => string) =>
  [...items].toSorted((one, other) => (by(one) < by(other) ? -1 : 1));
