import { createArchiveChunks } from './archive-chunks';
import { createAskDestinations } from './ask-destinations';
import { createCancelExport } from './cancel-export';
import { createCheckExports } from './check-exports';
import { createDrainEarlierWrites } from './drain-earlier-writes';
import { createCheckConfiguration } from './check-configuration';
import { createCheckConnection } from './check-connection';
import { createCollectPart } from './collect-part';
import { createDeleteBatches } from './delete-batches';
import type { ActivityDependencies } from './dependencies';
import { createDiscardDestination } from './discard-destination';
import { createExtendSchedule } from './extend-schedule';
import { toApplicationFailure } from './failure';
import { createForgetPerson } from './forget-person';
import { createFindReceivers } from './find-receivers';
import { createFindReport } from './find-report';
import { createFindResubscribed } from './find-resubscribed';
import { createListDestinations } from './list-destinations';
import { createPlanExport } from './plan-export';
import { createPollBatches } from './poll-batches';
import { createPreflight } from './preflight';
import { createSendAlert } from './send-alert';
import { createSendCanary } from './send-canary';
import { createReadAudience } from './read-audience';
import { createRecordConsent } from './record-consent';
import { createRenameTags } from './rename-tags';
import { createSendChunks } from './send-chunks';
import { createSettleExport } from './settle-export';
import { createStartExport } from './start-export';
import { createSubmitPart } from './submit-part';
import { createTakeCensus } from './take-census';
import { createTakeSnapshot } from './take-snapshot';
import { createTidyStaging } from './tidy-staging';
import { createVerifyAudience } from './verify-audience';
import { createVerifySample } from './verify-sample';

import { retriedWithRoom } from './rules/retried-with-room';

export type { ActivityDependencies } from './dependencies';

/** Every step by its activity name. The prefix keeps it apart from the host's own activities. */
const STEPS = {
  'mailchimp.checkConnection': createCheckConnection,
  'mailchimp.checkConfiguration': createCheckConfiguration,
  'mailchimp.preflight': createPreflight,
  'mailchimp.drainEarlierWrites': createDrainEarlierWrites,
  'mailchimp.takeCensus': createTakeCensus,
  'mailchimp.takeSnapshot': createTakeSnapshot,
  'mailchimp.planExport': createPlanExport,
  'mailchimp.renameTags': createRenameTags,
  'mailchimp.sendCanary': createSendCanary,
  'mailchimp.submitPart': createSubmitPart,
  'mailchimp.pollBatches': createPollBatches,
  'mailchimp.collectPart': createCollectPart,
  'mailchimp.sendChunks': createSendChunks,
  'mailchimp.archiveChunks': createArchiveChunks,
  'mailchimp.deleteBatches': createDeleteBatches,
  'mailchimp.findResubscribed': createFindResubscribed,
  'mailchimp.settleExport': createSettleExport,
  'mailchimp.extendSchedule': createExtendSchedule,
  'mailchimp.tidyStaging': createTidyStaging,
  'mailchimp.discardDestination': createDiscardDestination,
  'mailchimp.listDestinations': createListDestinations,
  'mailchimp.askDestinations': createAskDestinations,
  'mailchimp.checkExports': createCheckExports,
  'mailchimp.startExport': createStartExport,
  'mailchimp.findReport': createFindReport,
  'mailchimp.cancelExport': createCancelExport,
  'mailchimp.findReceivers': createFindReceivers,
  'mailchimp.sendAlert': createSendAlert,
  'mailchimp.recordConsent': createRecordConsent,
  'mailchimp.readAudience': createReadAudience,
  'mailchimp.verifyAudience': createVerifyAudience,
  'mailchimp.verifySample': createVerifySample,
  'mailchimp.forgetPerson': createForgetPerson,
} as const;

export type Activities = { [Name in keyof typeof STEPS]: ReturnType<(typeof STEPS)[Name]> };

type Step = (input: unknown) => Promise<unknown>;

/**
 * Creates the activities, each with the conversion of errors to Temporal failures. `dependencies` is called for each execution, because the
 * plugin registers the activities before its resources are open: the first executions may wait for them.
 */
export function createActivities(dependencies: () => Promise<ActivityDependencies>): Activities {
  const steps = Object.entries(STEPS).map(([name, create]) => [
    name,
    async (input: unknown) => {
      try {
        const opened = await dependencies();
        return await retriedWithRoom(opened.staging, () => (create(opened) as Step)(input));
      } catch (error) {
        throw toApplicationFailure(error, name);
      }
    },
  ]);
  return Object.fromEntries(steps) as Activities;
}
