export { openAccount } from './account';
export { accountFor, type ChunkReply } from './accounting';
export { classifyRowError } from './classify';
export type { ConnectionOptions } from './connection';
export { createLimiter, type ConnectionLimiter } from './limiter';
export { chunkOperation, untagOperation, upsertOperation } from './operations';
export { withoutAddress } from './without-address';
