/** What a person typed so far, and what the terminal must show because of the last key. */
export type Edited = {
  readonly text: string
  readonly echo: string
  readonly done?: 'entered' | 'interrupted'
}

// oxlint-disable-next-line no-control-regex -- ESC is what the sequences begin with.
const ESCAPE_SEQUENCE = /\u001b(?:[[O][0-9;]*[A-Za-z~]|.)?/gu
const MAX_CHARACTERS = 500

/** The smallest line editor that a person can answer a question with: backspace, Ctrl-U, Ctrl-C, Ctrl-D, Enter. */
export const editLine = (text: string, typed: string): Edited => {
  let edited: Edited = { text, echo: '' }
  // Escape sequences of arrow and function keys mean nothing here.
  for (const key of typed.replace(ESCAPE_SEQUENCE, '')) {
    edited = press(edited, key)
    if (edited.done !== undefined) return edited
  }
  return edited
}

const press = ({ text, echo }: Edited, key: string): Edited => {
  const characters = Array.from(text)
  if (key === '\r' || key === '\n') return { text, echo: `${echo}\r\n`, done: 'entered' }
  if (key === '\u0003' || (key === '\u0004' && text === ''))
    return { text, echo: `${echo}\r\n`, done: 'interrupted' }
  if (key === '\u007f' || key === '\b') {
    return characters.length === 0
      ? { text, echo }
      : { text: characters.slice(0, -1).join(''), echo: `${echo}\b \b` }
  }
  if (key === '\u0015') return { text: '', echo: echo + '\b \b'.repeat(characters.length) }
  if (/[\p{Cc}\p{Cf}\p{Cs}]/u.test(key) || characters.length >= MAX_CHARACTERS) return { text, echo }
  return { text: text + key, echo: echo + key }
}
