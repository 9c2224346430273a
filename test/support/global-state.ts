/** What the global setup leaves for the global teardown; jest loads both in one process, as separate modules. */
export interface GlobalState {
  cleanUp: (() => Promise<void>)[];
}

const KEY = '__temporalMailchimpTests';

export function globalState(): GlobalState {
  const holder = globalThis as { [KEY]?: GlobalState };
  return (holder[KEY] ??= { cleanUp: [] });
}
