/** Codes of the languages that Mailchimp keeps for a contact, as its documentation lists them. */
export const LANGUAGES: readonly string[] =
  `af ar be bg ca cs da de el en es es_ES et fa fi fr fr_CA ga he hi hr hu id is it ja km ko lt lv mk ms mt nl no pl pt pt_PT ro ru sk
  sl sr sv sw ta th tr uk vi zh`.split(/\s+/);
