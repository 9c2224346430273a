import { DefaultFailureConverter } from '@temporalio/common';

// Named by its path, as the SDK asks for it: workers and clients load it by themselves.
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
