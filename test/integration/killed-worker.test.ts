import { describeKilledWorker } from './killed-worker';

// All moments: killed-worker.long.test.ts.
describeKilledWorker(['waits while a batch is half done at Mailchimp']);
