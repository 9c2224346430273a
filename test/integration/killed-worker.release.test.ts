import { describeKilledWorker, MOMENTS } from './killed-worker';

describeKilledWorker(Object.keys(MOMENTS));
