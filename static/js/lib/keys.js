// @ts-check
// A key for machines suggested from a person's words, as core/text.py makes it; the server has the last word.

const LETTERS = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя";
const LATIN = "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh sch _ y _ e yu ya".split(" ");

/**
 * @param {string} name
 * @param {string} fallback
 */
export function keyFrom(name, fallback) {
  const latin = [...name.toLowerCase()].map((char) => LATIN[LETTERS.indexOf(char)] ?? char).join("");
  const plain = latin.normalize("NFKD").replaceAll("_", "").replace(/[^\x20-\x7e]/g, "");
  const key = plain.replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 34);
  return /^[a-z]/.test(key) ? key : key && `${fallback}_${key}`.slice(0, 34);
}
