const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Shorter pieces of an encoding occur by chance and would mask half of a log. */
const shortestPiece = 6

/** Every form in which a program is likely to print a secret again. */
export const formsOf = (secret: Uint8Array): Uint8Array[] => {
  if (secret.length === 0) return []
  const texts = [...base64Forms(secret), hex(secret), hex(secret).toUpperCase(), ...textForms(secret)]
  return unique([secret, ...texts.map(text => encoder.encode(text))])
}

const textForms = (secret: Uint8Array): string[] => {
  const text = decoded(secret)
  if (text === undefined) return []
  const url = encodeURIComponent(text)
  const strictUrl = url.replaceAll(
    /[!'()*]/g,
    character => `%${hex(encoder.encode(character)).toUpperCase()}`,
  )
  return [
    text.replaceAll("'", "'\\''"),
    text.replaceAll("'", `'"'"'`),
    text.replaceAll(/[\\"$`]/g, '\\$&'),
    text.replaceAll(/[^A-Za-z0-9_@%+=:,./-]/g, '\\$&'),
    JSON.stringify(text).slice(1, -1),
    ...[url, strictUrl, strictUrl.replaceAll('%20', '+')].flatMap(form => [form, lowerCaseEscapes(form)]),
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
  ]
}

const decoded = (secret: Uint8Array): string | undefined => {
  try {
    return decoder.decode(secret)
  } catch {
    return undefined
  }
}

const lowerCaseEscapes = (text: string) => text.replaceAll(/%[0-9A-F]{2}/g, escape => escape.toLowerCase())

const hex = (bytes: Uint8Array) => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')

/** Inside a longer text the secret starts at any of three places in a group of 24 bits; the middle is what they share. */
const base64Forms = (secret: Uint8Array): string[] => {
  const middles = [0, 1, 2]
    .map(skip => base64Middle(secret, skip))
    .filter(middle => middle.length >= shortestPiece)
  const whole = base64(secret).replaceAll('=', '')
  return [whole, ...middles].flatMap(form => [form, form.replaceAll('+', '-').replaceAll('/', '_')])
}

const base64 = (bytes: Uint8Array) => btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''))

const base64Middle = (secret: Uint8Array, skip: number): string => {
  const shifted = new Uint8Array(skip + secret.length)
  shifted.set(secret, skip)
  const first = Math.ceil((skip * 8) / 6)
  const last = Math.floor((shifted.length * 8) / 6)
  return base64(shifted).slice(first, last)
}

const unique = (forms: readonly Uint8Array[]): Uint8Array[] => [
  ...new Map(forms.map(form => [hex(form), form])).values(),
]
