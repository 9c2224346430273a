import { startAzure, startS3 } from '../../support/object-stores';
import { cdm, describeContract, files } from './contract';

describeContract('Azure Blob Storage, with files', startAzure, files);
describeContract('Amazon S3, with a model', startS3, cdm);
describeContract('Azure Blob Storage, with a model', startAzure, cdm);
