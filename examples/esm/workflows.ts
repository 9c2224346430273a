// The workflows of this worker: its own, together with those of temporal-mailchimp.
import { proxyActivities } from '@temporalio/workflow';
import type * as activities from './activities.js';

export * from 'temporal-mailchimp/workflows';

const { hello } = proxyActivities<typeof activities>({ startToCloseTimeout: '10 seconds' });

export async function greet(name: string): Promise<string> {
  return hello(name);
}
