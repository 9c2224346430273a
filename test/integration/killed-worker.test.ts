import { describeKilledWorker } from './killed-worker';

// All moments: killed-worker.release.test.ts.
describeKilledWorker(['waits while a batch is half done at Mailchimp']);
