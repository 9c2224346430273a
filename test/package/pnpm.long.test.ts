import { describeInstalled } from './installed';

describeInstalled('pnpm');
