export { createWorker, type StandaloneWorker } from './create-worker';
export { openResources, type Resources } from '../plugin/resources';
