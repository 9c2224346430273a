import type { ExportView } from '../../contract/export';
import { describeState, jobTitle } from '../../text/describe-export';
import { print, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';
import { runningExport } from './find';

export async function pauseExport(invocation: Invocation, name: string): Promise<undefined> {
  await withClient(invocation, async (client) => {
    const handle = await runningExport(client, name);
    await handle.pause();
    printChange(invocation, { name, view: await handle.progress(), done: describePaused });
  });
}

export async function resumeExport(invocation: Invocation, name: string): Promise<undefined> {
  await withClient(invocation, async (client) => {
    const handle = await runningExport(client, name);
    await handle.resume();
    printChange(invocation, { name, view: await handle.progress(), done: describeResumed });
  });
}

interface Change {
  readonly name: string;
  /** The export after the request; undefined when it has ended in the meantime. */
  readonly view: ExportView | undefined;
  readonly done: (view: ExportView) => string;
}

function printChange(invocation: Invocation, { name, view, done }: Change): void {
  if (!view) {
    const text = () => `The export has ended. To see its report: temporal-mailchimp export show ${name}`;
    return print(invocation, { json: { paused: false, ended: true }, text });
  }
  const { ref, number, phase, state, isPaused } = view;
  print(invocation, {
    json: { paused: isPaused, exportId: ref.exportId, number, phase, state },
    text: () => `${done(view)}\n${describeState(view, { layout: 'in lines' })}`,
  });
}

function describePaused(view: ExportView): string {
  const { ref, state } = view;
  const what = `${jobTitle(view)} of ${ref.destinationId}`;
  switch (state.kind) {
    case 'held':
    case 'stopped':
    case 'waiting':
      return `${what} is paused. It is still ${state.kind}.`;
    case 'cancelling':
      return `${what} is ending: a pause changes nothing.`;
    case 'paused':
    case 'running':
      return `${what} is paused.`;
    default:
      return String(state satisfies never);
  }
}

function describeResumed(view: ExportView): string {
  const { ref, state } = view;
  const what = `${jobTitle(view)} of ${ref.destinationId}`;
  switch (state.kind) {
    case 'held':
      return `${what} is not paused, and still held: only a decision about its plan ends that.`;
    case 'cancelling':
      return `${what} is ending: it cannot be resumed.`;
    case 'stopped':
    case 'waiting':
      return `${what} was resumed, and is ${state.kind} again.`;
    // Another request has paused it again.
    case 'paused':
      return `${what} is paused.`;
    case 'running':
      return `${what} continues. To watch it: temporal-mailchimp export watch ${ref.destinationId}`;
    default:
      return String(state satisfies never);
  }
}
