/**
 * The rules of each port, as cases for any test runner.
 * @module temporal-mailchimp/testing
 */

// Public API: every name exported here is a promise.
export type { ContractCase, Fixture } from './contract-case';
export { mailchimpTransportContract } from './mailchimp-transport';
export { secretResolverContract, type SecretResolverFixture } from './secret-resolver';
export { segmentSourceContract, type SegmentSourceFixture, type SourceContent } from './segment-source';
export { stagingStoreContract, type StagingStoreFixture } from './staging-store';
export type { HttpReply, HttpRequest, MailchimpTransport, TransportTarget } from '../ports/transport';
