// @ts-check
// Words and numbers in the language of the page. Strings come from Django's JavaScript catalogue.

/** @param {string} text */
export const gettext = (text) => globalThis.django?.gettext(text) ?? text;

/**
 * @param {string} one
 * @param {string} many
 * @param {number} count
 */
export const ngettext = (one, many, count) =>
  globalThis.django?.ngettext(one, many, count) ?? (count === 1 ? one : many);

/**
 * Puts values in place of `%(name)s`; sentences are never built from pieces.
 * @param {string} text
 * @param {Record<string, unknown>} values
 */
export const interpolate = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => String(values[name]));

export const language = document.documentElement.lang || "en";

/** @param {number} value */
export const number = (value) => new Intl.NumberFormat(language).format(value);

/**
 * "1.1B" or "1,1 млрд", with the currency if one is given.
 * @param {number} value
 * @param {string} [currency]
 */
export const compact = (value, currency) =>
  new Intl.NumberFormat(language, {
    notation: "compact",
    maximumFractionDigits: 1,
    ...(currency && { style: "currency", currency, currencyDisplay: "narrowSymbol" }),
  }).format(value);
