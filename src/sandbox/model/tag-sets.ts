/** An immutable set of tag ids, in the order in which they were added. Members with the same history share one set. */
export interface TagSet {
  readonly ids: readonly number[];
  readonly plus: Map<number, TagSet>;
  readonly minus: Map<number, TagSet>;
}

/** Interns tag sets: a million members with the same three tags share one array. */
export class TagSets {
  readonly empty: TagSet = { ids: [], plus: new Map(), minus: new Map() };
  readonly #known = new Map<string, TagSet>([['', this.empty]]);

  with(set: TagSet, id: number): TagSet {
    if (set.ids.includes(id)) return set;
    return this.#step(set.plus, id, () => [...set.ids, id]);
  }

  without(set: TagSet, id: number): TagSet {
    if (!set.ids.includes(id)) return set;
    return this.#step(set.minus, id, () => set.ids.filter((other) => other !== id));
  }

  #step(cache: Map<number, TagSet>, id: number, ids: () => number[]): TagSet {
    const cached = cache.get(id);
    if (cached) return cached;
    const next = this.#intern(ids());
    cache.set(id, next);
    return next;
  }

  #intern(ids: number[]): TagSet {
    const name = ids.join(',');
    const known = this.#known.get(name);
    if (known) return known;
    const set: TagSet = { ids, plus: new Map(), minus: new Map() };
    this.#known.set(name, set);
    return set;
  }
}
