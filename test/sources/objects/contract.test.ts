import { startS3 } from '../../support/object-stores';
import { describeContract, files } from './contract';

describeContract('Amazon S3, with files', startS3, files);
