import { isDeepStrictEqual } from 'node:util';
import type { StagingStore } from '../../ports/staging-store';
import { consentsFolder } from './layout';
import { readSequence, sealNumbered } from './sequence';

type Consent = Readonly<Record<string, string>>;

/**
 * Records a consent or its withdrawal: it outlives Temporal's history. The step that records a statement may run twice, so one that is
 * recorded already is not repeated.
 */
export async function recordConsent(
  store: StagingStore,
  destinationId: string,
  statement: Consent,
): Promise<void> {
  const folder = consentsFolder(destinationId);
  for (;;) {
    const known = await readSequence<Consent>(store, folder);
    if (known.some(({ document }) => isDeepStrictEqual(document, statement))) return;
    if (await sealNumbered(store, { folder, number: (known.at(-1)?.number ?? 0) + 1 }, statement)) return;
  }
}

/** All statements and withdrawals, in their order. */
export async function readConsents(store: StagingStore, destinationId: string): Promise<readonly Consent[]> {
  const known = await readSequence<Consent>(store, consentsFolder(destinationId));
  return known.flatMap(({ document }) => (document ? [document] : []));
}

export async function lastConsent(store: StagingStore, destinationId: string): Promise<Consent | undefined> {
  return (await readSequence<Consent>(store, consentsFolder(destinationId))).at(-1)?.document;
}
