/**
 * Where `temporal-mailchimp dev` keeps its database and its staging store, beside the configuration file. Its own store: what was
 * sent to a sandbox must never be taken for what the real audience holds.
 */
export const DEV_FOLDER = '.temporal-mailchimp/dev';
