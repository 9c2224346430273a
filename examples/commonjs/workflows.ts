// The workflows of this worker: its own, together with those of temporal-mailchimp.
import { executeChild, proxyActivities } from '@temporalio/workflow';
import { mailchimpExportSegments } from 'temporal-mailchimp/workflows';
import type * as activities from './activities';

export * from 'temporal-mailchimp/workflows';

const { hello } = proxyActivities<typeof activities>({ startToCloseTimeout: '10 seconds' });

export async function greet(name: string): Promise<string> {
  return hello(name);
}

/** Exports as a step of a larger workflow. Returns how many contacts changed. */
export async function greetAndExport(name: string, destinationId: string): Promise<string> {
  const greeting = await hello(name);
  const { outcomes } = await executeChild(mailchimpExportSegments, { args: [{ destinationId }] });
  return `${greeting} ${outcomes.created + outcomes.updated} contacts changed.`;
}
