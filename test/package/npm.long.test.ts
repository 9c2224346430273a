import { describeInstalled } from './installed';

describeInstalled('npm');
