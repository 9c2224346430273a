import { LOWEST_SDK } from '../../src/plugin/check-sdk';
import { describeInstalled } from './installed';

describeInstalled('npm', [LOWEST_SDK]);
