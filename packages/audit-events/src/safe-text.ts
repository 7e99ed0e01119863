// C0, DEL and C1 controls; line and paragraph separators; marks that reorder, join or hide text.
const unsafe =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff]/g

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/**
 * Text that stays on one line and shows what it is: whatever could break a record, move a terminal's cursor or
 * reorder what a reader sees becomes `\uXXXX`. At most `max` UTF-16 units, the last of them `…` if it was cut.
 */
export const safeText = (text: string, max: number): string => {
  // Cut first: escaping a megabyte to keep a line would be work for an attacker to ask for.
  const safe = text
    .slice(0, max + 1)
    .toWellFormed()
    .replace(unsafe, escaped)
  return safe.length <= max
    ? safe
    : `${safe
        .slice(0, max - 1)
        .toWellFormed()
        .replaceAll('\ufffd', '')}…`
}
