import type { MailchimpAccount } from '../ports/mailchimp';
import { audience, audiences, contacts, login, mergeFields } from './audiences';
import { archiveMember } from './archive-member';
import { batchResults } from './batch-results';
import { batches, batchesSince, deleteBatch, submitBatch } from './batches';
import { censusPage } from './census';
import { deleteMember } from './delete-member';
import { createMergeField } from './create-merge-field';
import { compareMember, inspectMember } from './compare-member';
import { type ConnectionOptions, openConnection } from './connection';
import { groups } from './groups';
import { leftSince } from './left-since';
import { readMember } from './read-member';
import { sendChunk } from './send-chunk';
import { createTag, isTagCarried, renameTag, tags } from './tags';

/**
 * Opens one Mailchimp account over the network. Opening sends nothing and there is nothing to close: each step opens its own, with the
 * limiter that all accounts of the user share.
 *
 * A request that Mailchimp did not process (429, 403 without a reason, 503) is sent up to five times within about ten seconds. A request
 * whose reply was lost is sent twice, and one answered 500 three times, unless it must not be applied twice. Then the error is thrown.
 *
 * @throws ExportError KEY_INVALID for a key without a data centre, unless `baseUrl` is given
 */
export function openAccount(options: ConnectionOptions): MailchimpAccount {
  const connection = openConnection(options);
  return {
    login: () => login(connection),
    audiences: () => audiences(connection),
    audience: (audienceId) => audience(connection, audienceId),
    mergeFields: (audienceId) => mergeFields(connection, audienceId),
    groups: (audienceId) => groups(connection, audienceId),
    createMergeField: (audienceId, field) => createMergeField(connection, audienceId, field),
    tags: (audienceId) => tags(connection, audienceId),
    contacts: () => contacts(connection),
    createTag: (audienceId, name) => createTag(connection, audienceId, name),
    renameTag: (audienceId, tag) => renameTag(connection, audienceId, tag),
    isTagCarried: (audienceId, tagId) => isTagCarried(connection, audienceId, tagId),
    censusPage: (audienceId, page, scope) => censusPage(connection, audienceId, { ...page, scope }),
    leftSince: (audienceId, since) => leftSince(connection, audienceId, since),
    sendChunk: (delivery, chunk) => sendChunk(connection, delivery, chunk),
    compareMember: (audienceId, sent) => compareMember(connection, audienceId, sent),
    inspectMember: (audienceId, sent) => inspectMember(connection, audienceId, sent),
    readMember: (audienceId, email) => readMember(connection, audienceId, email),
    archiveMember: (audienceId, email) => archiveMember(connection, audienceId, email),
    deleteMember: (audienceId, email) => deleteMember(connection, audienceId, email),
    submitBatch: (operations) => submitBatch(connection, operations),
    batches: (batchIds) => batches(connection, batchIds),
    deleteBatch: (batchId) => deleteBatch(connection, batchId),
    batchesSince: (since) => batchesSince(connection, since),
    batchResults: (batchId) => batchResults(connection, batchId),
    requests: connection.requests,
    connections: () => options.limiter.connections(),
    longestRequestMs: connection.longestRequestMs,
  };
}
