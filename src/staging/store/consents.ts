import { isDeepStrictEqual } from 'node:util';
import type { StagingStore } from '../../ports/staging-store';
import { consentsFolder } from './layout';
import { listNumbers, readNumbered, sealNumbered } from './sequence';

type Consent = Readonly<Record<string, string>>;

/**
 * Records a consent or its withdrawal: kept when Temporal's history is gone. A statement that is recorded already is not repeated, since
 * the step that records it may run twice.
 */
export async function recordConsent(
  store: StagingStore,
  destinationId: string,
  statement: Consent,
): Promise<void> {
  const folder = consentsFolder(destinationId);
  for (;;) {
    const numbers = await listNumbers(store, folder);
    const known = await Promise.all(numbers.map((number) => readNumbered<Consent>(store, folder, number)));
    if (known.some((one) => isDeepStrictEqual(one, statement))) return;
    if (await sealNumbered(store, { folder, number: (numbers.at(-1) ?? 0) + 1 }, statement)) return;
  }
}
