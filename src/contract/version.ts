/** Version of this package; a test compares it with package.json. */
export const VERSION = '0.4.0';

/** In every bundle with the workflows of this version. A worker refuses to start with a bundle of another version. */
export const WORKFLOWS_MARKER = 'temporal-mailchimp-workflows@0.4.0';

/**
 * In every bundle with our workflows: whether its worker uses worker versioning. Two texts of one length, so that a source map still fits
 * when the plugin puts one in the place of the other.
 */
export const WITHOUT_VERSIONING = 'temporal-mailchimp-versioning:off';
export const WITH_VERSIONING = 'temporal-mailchimp-versioning:use';
