import Mailchimp from 'mailchimp-api-v3';
import { AUDIENCE_ID } from '../../src/dev/demo/setting';
import { Requests } from './requests';
import { memberPath, type Row } from './rows';

/** The number of rows that Mailchimp refused, and how many of these the tool detects. */
interface Refusals {
  readonly refused: number;
  readonly noticed: number;
}

interface Target {
  readonly url: string;
  readonly apiKey: string;
}

type Send = (rows: readonly Row[], target: Target) => Promise<Refusals>;

export interface Way {
  readonly name: string;
  readonly send: Send;
  /** Number of rows to send when an operation takes 100 ms, so that it ends in about half a minute. */
  readonly pacedRows: number;
}

const CONNECTIONS = 10;

/** One request per profile, ten at a time. */
const putEach: Send = async (rows, target) => {
  const requests = new Requests(target, CONNECTIONS);
  let next = 0;
  let refused = 0;
  const work = async (): Promise<void> => {
    for (let row = rows[next++]; row; row = rows[next++]) {
      const { status } = await requests.send('PUT', memberPath(AUDIENCE_ID, row.email_address), row);
      if (status !== 200) refused++;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  requests.close();
  return { refused, noticed: refused };
};

/** 500 rows per request, one after another. Checks only the status, which is 200 even when rows were refused. */
const postMany: Send = async (rows, target) => {
  const requests = new Requests(target, 1);
  let refused = 0;
  let noticed = 0;
  for (let start = 0; start < rows.length; start += 500) {
    const members = rows.slice(start, start + 500);
    const { status, text } = await requests.send('POST', `/lists/${AUDIENCE_ID}`, {
      members,
      update_existing: true,
    });
    const { error_count: errors } = JSON.parse(text) as { error_count?: number };
    refused += errors ?? members.length;
    if (status !== 200) noticed += members.length;
  }
  requests.close();
  return { refused, noticed };
};

/**
 * One operation per profile, all in one batch. Does not read the results: the package's reader throws an error that cannot be caught
 * at the first empty file of an archive, and Mailchimp's archives contain such files. The number of errored operations is known.
 */
const memberBatch: Send = async (rows, { url, apiKey }) => {
  const client = new Mailchimp(apiKey);
  client.__base_url = url;
  const operations = rows.map((row) => ({
    method: 'PUT',
    path: memberPath(AUDIENCE_ID, row.email_address),
    body: row,
  }));
  const { errored_operations: refused } = await client.batch(operations, { verbose: false, unpack: false });
  return { refused, noticed: refused };
};

export const WAYS: readonly Way[] = [
  { name: 'PUT per profile, 10 connections', send: putEach, pacedRows: 3000 },
  { name: '500 per request, one after another', send: postMany, pacedRows: Infinity },
  { name: 'operation per profile in /batches (mailchimp-api-v3)', send: memberBatch, pacedRows: 300 },
];
