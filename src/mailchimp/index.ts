export { openAccount } from './account';
export type { ConnectionOptions } from './connection';
export { createLimiter, type ConnectionLimiter } from './limiter';
