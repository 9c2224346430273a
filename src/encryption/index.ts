/**
 * Encrypted payloads, for a host's own clients and workers. The commands and the standalone worker use them by `temporal.encryption`.
 * @module temporal-mailchimp/encryption
 */

export { createEncryptionCodec, type EncryptionKeys } from './encryption-codec';
