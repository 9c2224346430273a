/** How the errors begin with which the client of AWS ends a search for credentials of its own. */
const NONE_FOUND = 'Could not load credentials from any providers';

/** Errors of Microsoft's clients in whose texts a service has answered, and refused, or a file of the settings is not there. */
const REFUSED = /\b(invalid_[a-z]+|unauthorized_client|access_denied|ENOENT|EACCES)\b/;

/**
 * Whether a client that found no credentials may find some later, since a service that gives them may have been away. Neither client says
 * so: that of AWS says the same of all that it has tried, that of Microsoft only what each of a dozen ways said. So it is whether there is a service that
 * could be asked, and none that has refused; of a machine that may have an identity, this is assumed. The texts are read here, and passed on nowhere.
 */
export function mayFindCredentials(error: unknown): boolean {
  const { name, message } = error as Error;
  // Others of AWS name settings, such as a profile or a sign-in that has ended.
  if (/^(Credentials|Token)ProviderError$/.test(name)) return message.startsWith(NONE_FOUND) && hasMetadata();
  return !REFUSED.test(message);
}

/** Of a container, or of a machine at Amazon. */
function hasMetadata(): boolean {
  const {
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: path,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
    AWS_EC2_METADATA_DISABLED: isDisabled = '',
  } = process.env;
  return Boolean(path) || Boolean(url) || isDisabled === '' || isDisabled === 'false';
}
