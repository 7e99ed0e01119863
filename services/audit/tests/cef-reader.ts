/** A message as a SIEM understands it. */
export type CefEvent = {
  /** Version, vendor, product, device version, class id, name, severity. */
  readonly header: readonly string[]
  readonly extension: Readonly<Record<string, string>>
}

/**
 * Reads a CEF message as ArcSight's "Implementing CEF" describes it, character by character, and shares nothing with
 * what writes it.
 * @throws Error where a message is none
 */
export const readCef = (text: string): CefEvent => {
  const header: string[] = []
  let at = 0
  for (let field = ''; header.length < 7; at += 1) {
    const character = text[at]
    if (character === undefined) throw new Error('the header ends early')
    if (character === '\\') {
      at += 1
      if (text[at] !== '\\' && text[at] !== '|') throw new Error(`\\${text[at]} in the header`)
      field += text[at]
    } else if (character === '|') {
      header.push(field)
      field = ''
    } else field += character
  }
  if (header[0] !== 'CEF:0') throw new Error('not CEF:0')
  return { header, extension: readExtension(text.slice(at)) }
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\', '=': '=', n: '\n', r: '\r' }

/** Keys are words; each goes from the last space before an equals sign that nothing escapes. */
const readExtension = (text: string): Record<string, string> => {
  const found: Record<string, string> = {}
  let [key, value]: [string | undefined, string] = [undefined, '']
  const keep = (): void => {
    if (key !== undefined) found[key] = value
  }
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === '\\') {
      at += 1
      const meant = escapes[text.charAt(at)]
      if (meant === undefined) throw new Error(`\\${text.charAt(at)} in the extension`)
      value += meant
    } else if (character === '=') {
      const space = value.lastIndexOf(' ')
      const next = value.slice(space + 1)
      if (!/^\w+$/.test(next)) throw new Error(`${JSON.stringify(next)} is no key`)
      value = value.slice(0, Math.max(space, 0))
      keep()
      key = next
      value = ''
    } else value += character
  }
  keep()
  return found
}
