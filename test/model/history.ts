import { audienceOf } from './audience';
import { needsSomething } from './limits';
import type { Asked, Audience, Change, Ended, ExportResult, Selection, World } from './world';

// What is known of exports that have ended, and of contacts that the next one repairs.

/** They are sent again as they are. */
export function exposeRepairs({ repairs, held }: World): void {
  for (const address of repairs) {
    const known = held.get(address);
    if (known) held.set(address, { ...known, state: 'exposed' });
  }
  repairs.clear();
}

export function touchedBy(changes: readonly Change[]): Ended['touched'] {
  const planned = changes.filter(needsSomething);
  return new Map(planned.map(({ address, isSent, isKnown }) => [address, { isSent, wasNew: !isKnown }]));
}

interface Done extends Pick<Ended, 'touched' | 'hasArrived'> {
  readonly result: Pick<ExportResult, 'subjects'>;
  readonly selection: Selection;
  readonly began: Audience;
}

export function endedAs(world: World, asked: Asked, { result, selection, began, ...done }: Done): Ended {
  const { removal, takesBack, number = 0 } = asked;
  const profiles = takesBack ? takesBack.before?.profiles : removal ? undefined : world.profiles;
  return {
    ...done,
    number,
    undoes: takesBack?.undone.number ?? null,
    profiles: new Map(profiles ?? []),
    config: world.config,
    people: new Map([...selection.people].map(([address, { profile }]) => [address, profile])),
    hasPlan: done.touched.size > 0,
    outcomes: result.subjects.map((subject) => /: (\w+)[^:]*$/.exec(subject)?.[1] ?? ''),
    after: new Map([...world.held].map(([address, known]) => [address, { ...known }])),
    audience: { began, ended: audienceOf(world.members) },
  };
}
