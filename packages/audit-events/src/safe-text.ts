// Controls; marks that join, hide or reorder text; line and paragraph separators.
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

const escaped = (character: string): string => {
  const hex = (character.codePointAt(0) ?? 0).toString(16)
  return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`
}

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
  return safe.length <= max ? safe : `${safe.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`
}
