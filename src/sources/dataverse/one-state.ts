import { ExportError } from '../../errors';
import { type RefreshState, requireQuiet } from './refresh-state';

/** A source that is refreshed more often than this while it is read is read later. */
const READINGS = 3;

interface When {
  readonly quietMinutes: number;
  readonly stopped: AbortSignal;
}

interface Attempts<Looked, Result> {
  /** What there is to read, and when it was last written to. */
  readonly look: () => Promise<Looked>;
  /** @returns undefined where the state has changed during the reading */
  readonly read: (
    looked: Looked,
    isUnchanged: () => Promise<boolean>,
  ) => Promise<{ readonly result: Result } | undefined>;
}

/**
 * Reads one state of a source. Where Customer Insights has written in between, all of it is read again.
 *
 * @throws ExportError SOURCE_UNAVAILABLE, and what `look` and `read` throw
 */
export async function readOneState<Looked extends { readonly state: RefreshState }, Result>(
  { quietMinutes, stopped }: When,
  { look, read }: Attempts<Looked, Result>,
): Promise<Result> {
  for (let left = READINGS; left > 0; left -= 1) {
    stopped.throwIfAborted();
    const looked = await look();
    requireQuiet(looked.state, quietMinutes);
    const done = await read(looked, async () => (await look()).state.text === looked.state.text);
    if (done) return done.result;
  }
  throw new ExportError(
    'SOURCE_UNAVAILABLE',
    `Customer Insights wrote to its tables each of the ${READINGS} times that they were read, so nothing of them was used. It is tried again.`,
  );
}
