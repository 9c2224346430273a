import { startVersityGateway } from '../../support/object-stores';
import { runStoreContract } from './store-contract';

// A release test: `go install` builds the gateway in some minutes, once on a machine.
runStoreContract('the Versity S3 Gateway', startVersityGateway);
