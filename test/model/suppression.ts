import type { EntryKind, SuppressionList, World } from './world';

// Suppression lists: an address on one gets nothing, and loses our tags.

export const ON_LIST = 'suppressed suppression_list';

export function isSuppressed({ suppressed }: Pick<World, 'suppressed'>, address: string): boolean {
  const kinds: readonly Entry['kind'][] = ['address', 'sha256', 'md5', 'keyed'];
  return Object.values(suppressed).some((list) => kinds.some((kind) => list.has(`${kind} ${address}`)));
}

interface Entry {
  readonly address: string;
  /** `keyed`: a hash that only the store can make, of a person who was forgotten. */
  readonly kind: EntryKind | 'keyed';
}

export function suppress({ suppressed }: World, list: SuppressionList, { address, kind }: Entry): void {
  suppressed[list].add(`${kind} ${address}`);
}

/** An entry is taken off in the form in which it is on the list. */
export function lift({ suppressed }: World, list: SuppressionList, { address, kind }: Entry): void {
  suppressed[list].delete(`${kind} ${address}`);
}

/** The person stays on the lists, which no longer say who it is. */
export function conceal({ suppressed }: World, address: string): void {
  for (const list of Object.values(suppressed))
    for (const kind of ['address', 'sha256', 'md5'])
      if (list.delete(`${kind} ${address}`)) list.add(`keyed ${address}`);
}
