export { createWorker, type StandaloneWorker } from './create-worker';
