/**
 * Makes text that somebody else wrote safe to show on a terminal: no control characters, no direction overrides,
 * one line, at most `max` characters.
 */
export const safeText = (text: string, max = 300): string => {
  const printable = text.replace(/[\s\p{Zl}\p{Zp}]+/gu, ' ').replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/gu, '')
  const characters = Array.from(printable.trim())
  return characters.length <= max ? characters.join('') : `${characters.slice(0, max - 1).join('')}…`
}
