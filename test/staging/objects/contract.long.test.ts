import { startAzure, startS3 } from '../../support/object-stores';
import { runStoreContract } from './store-contract';

runStoreContract('Amazon S3', startS3);
runStoreContract('Azure Blob Storage', () => startAzure());
