import {
  executeChild,
  proxyActivities,
  proxySinks,
  type Sinks,
  type WorkflowInterceptors,
} from '@temporalio/workflow';
import { mailchimpExportSegments } from '../../src/workflows';
import type { activities } from './activities';

// The workflow file of a host: its workflow, its interceptors, and the workflows of the package.

export * from '../../src/workflows';

export interface AuditSinks extends Sinks {
  audit: { scheduled(activityType: string): void };
}

const { audit } = proxySinks<AuditSinks>();
const { greet } = proxyActivities<typeof activities>({ startToCloseTimeout: '10 seconds' });

export const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      scheduleActivity: (input, next) => {
        audit.scheduled(input.activityType);
        return next(input);
      },
    },
  ],
});

/** Greets, and exports as a child. */
export async function greetAndExport(name: string, destinationId: string): Promise<string> {
  const greeting = await greet(name);
  const { outcomes } = await executeChild(mailchimpExportSegments, { args: [{ destinationId }] });
  return `${greeting} ${outcomes.created}`;
}
