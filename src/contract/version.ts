/** Version of this package; a test compares it with package.json. */
export const VERSION = '0.4.0';

/** In every bundle with the workflows of this version. A worker refuses to start with a bundle of another version. */
export const WORKFLOWS_MARKER = 'temporal-mailchimp-workflows@0.4.0';
