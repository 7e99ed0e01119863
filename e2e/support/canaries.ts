/** A secret that must be found nowhere, and what to call it when it is. */
export type Canary = { readonly name: string; readonly bytes: Buffer }

export type Find = (place: string, content: Buffer | string) => void

/** A caller token or a grant (RFC 7515, compact form): good for a minute, and nobody's to keep. */
const signedStatement = /eyJ[\w-]{16,}\.eyJ[\w-]{16,}\.[\w-]{16,}/

/** Long enough not to turn up by chance in the noise of ciphertexts. */
const minBytes = 9

/**
 * Looks for canaries in clear, in hexadecimal, and in base64 wherever they may start in it.
 * @returns a function to call with every place to look at, and the lists of what was found and where was looked
 */
export const canaryHunt = (
  canaries: readonly Canary[],
): { look: Find; found: readonly string[]; looked: readonly string[] } => {
  const found: string[] = []
  const looked: string[] = []
  const needles = canaries.flatMap(({ name, bytes }) => {
    if (bytes.length < minBytes) throw new Error(`${name} is too short to be looked for`)
    return formsOf(bytes).map(([form, needle]) => ({ name, form, needle }))
  })
  return {
    found,
    looked,
    look: (place, content) => {
      looked.push(place)
      const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content)
      for (const { name, form, needle } of needles) {
        if (bytes.includes(needle)) found.push(`${name}, ${form}, in ${place}`)
      }
      if (signedStatement.test(bytes.toString('latin1'))) found.push(`a signed statement, in ${place}`)
    },
  }
}

const formsOf = (bytes: Buffer): [string, Buffer][] => {
  const hex = bytes.toString('hex')
  const base64 = [0, 1, 2].flatMap(offset => [
    base64At(bytes, offset, 'base64'),
    base64At(bytes, offset, 'base64url'),
  ])
  const texts: [string, string][] = [
    ['in hexadecimal', hex],
    ['in hexadecimal', hex.toUpperCase()],
    ...[...new Set(base64)].map((text): [string, string] => ['in base64', text]),
  ]
  return [['in clear', bytes], ...texts.map(([form, text]): [string, Buffer] => [form, Buffer.from(text)])]
}

/** What base64 makes of the bytes, whatever comes before and after them. */
const base64At = (bytes: Buffer, offset: number, encoding: 'base64' | 'base64url'): string => {
  const text = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString(encoding)
    .replace(/=+$/, '')
  return text.slice(offset === 0 ? 0 : offset + 1, -1)
}
