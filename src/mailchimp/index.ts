export { openAccount } from './account';
export type { ConnectionOptions } from './connection';
export type { RequestObserver } from './observe';
export { createLimiter, type ConnectionLimiter } from './limiter';
