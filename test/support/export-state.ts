import type { ExportView } from '../../src/contract/export';

/** The hold of an export that awaits approval; undefined in any other state. */
export function heldIn(view: ExportView | undefined) {
  return view?.state.kind === 'held' ? view.state.held : undefined;
}

/** Why an export is `stopped` or `waiting`; undefined in any other state. */
export function reasonIn(view: ExportView | undefined, kind: 'stopped' | 'waiting') {
  return view?.state.kind === kind ? view.state.reason : undefined;
}
