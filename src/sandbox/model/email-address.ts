// Mailchimp refuses a non-ASCII local part and accepts an international domain.
const ADDRESS =
  /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?\.)+(?:\p{L}[\p{L}\p{M}]+|xn--[a-z0-9-]+)$/iu;

export function isValidAddress(address: string): boolean {
  return address.length <= 254 && address.indexOf('@') <= 64 && ADDRESS.test(address);
}

const FAKE_DOMAINS = new Set([
  'example.com',
  'test.com',
  'mailinator.com',
  'yopmail.com',
  'trash-mail.com',
  'gmil.com',
]);

/** Disposable, invented or mistyped domains: "looks fake or invalid". */
export function looksFake(address: string): boolean {
  return FAKE_DOMAINS.has(address.slice(address.lastIndexOf('@') + 1).toLowerCase());
}

const ROLES = new Set(
  (
    'abuse admin billing compliance devnull dns ftp hostmaster inoc ispfeedback ispsupport list list-request maildaemon ' +
    'noc no-reply noreply null phish phishing postmaster privacy registrar root security spam support sysadmin tech ' +
    'undisclosed-recipients unsubscribe usenet uucp webmaster www'
  ).split(' '),
);

export function isRoleAddress(address: string): boolean {
  return ROLES.has(address.slice(0, address.lastIndexOf('@')).toLowerCase());
}
