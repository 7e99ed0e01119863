import { SallyportError } from '@sallyport/errors/error'

/** Keys only, no certificates: a certificate's signer would decide who may log in. */
const accepted: ReadonlySet<string> = new Set([
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
])

const maxBytes = 4096
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const minRsaBytes = 256

/** The wire form (RFC 4253, section 6.6) of a line such as "ssh-ed25519 AAAA… comment". */
export const parseSshPublicKey = (line: string): Uint8Array => {
  const [name, encoded] = line.trim().split(/\s+/)
  if (name === undefined || encoded === undefined || !base64.test(encoded)) throw refused()
  if (encoded.length > maxBytes * 2) throw refused()
  const blob = Uint8Array.from(atob(encoded), character => character.charCodeAt(0))
  if (algorithmOf(blob) !== name || !accepted.has(name)) throw refused()
  const strings = stringsOf(blob)
  const modulus = strings?.[2]
  if (strings === undefined) throw refused()
  if (name === 'ssh-rsa' && (modulus === undefined || modulus.length < minRsaBytes)) {
    throw new SallyportError('request.invalid', 'an RSA key has at least 2048 bits')
  }
  return blob
}

/** The algorithm that the blob itself names. */
export const algorithmOf = (blob: Uint8Array): string | undefined => {
  const [name] = stringsOf(blob) ?? []
  return name && new TextDecoder().decode(name)
}

/** The blob as length-prefixed strings, all of it, or undefined. */
const stringsOf = (blob: Uint8Array): Uint8Array[] | undefined => {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength)
  const strings: Uint8Array[] = []
  for (let at = 0; at < blob.length; ) {
    if (at + 4 > blob.length) return undefined
    const length = view.getUint32(at)
    if (at + 4 + length > blob.length) return undefined
    strings.push(blob.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return strings.length < 2 ? undefined : strings
}

const refused = (): SallyportError =>
  new SallyportError('request.invalid', 'this is not an Ed25519, ECDSA or RSA public key in OpenSSH format')
