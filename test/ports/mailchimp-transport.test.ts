import { Agent } from 'node:http';
import { afterAll, describe } from '@jest/globals';
import { openSdkTransport } from '../../src/mailchimp/sdk-transport';
import { mailchimpTransportContract } from '../../src/testing';
import { runContract } from './run-contract';

const agent = new Agent({ keepAlive: true });

afterAll(() => agent.destroy());

describe('the contract of MailchimpTransport, with Mailchimp’s client', () => {
  runContract(mailchimpTransportContract((target) => openSdkTransport({ ...target, agent })));
});
