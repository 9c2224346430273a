import { LOWEST_SDK } from '../../src/plugin/check-sdk';
import { describeInstalled } from './installed';
import { NEWEST_SDK } from './project';

describeInstalled('npm', [LOWEST_SDK, NEWEST_SDK]);
