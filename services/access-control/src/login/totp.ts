import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { Secret } from '@sallyport/crypto/secret'

const secretBytes = 20
const digits = 6

export const newTotpSecret = (): Secret => Secret.of(randomBytes(secretBytes))

/** The code of a time step: RFC 4226, section 5.3, with the step of RFC 6238 as the counter. */
export const totpCode = (secret: Secret, step: number): string => {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', secret.bytes()).update(counter).digest()
  const offset = mac.readUInt8(mac.length - 1) & 0x0f
  const number = (mac.readUInt32BE(offset) & 0x7fff_ffff) % 10 ** digits
  return String(number).padStart(digits, '0')
}

/** The latest of the steps whose code this is. Every step is tried, so that time tells nothing. */
export const matchingStep = (secret: Secret, code: string, steps: readonly number[]): number | undefined =>
  steps.filter(step => timingSafeEqual(Buffer.from(totpCode(secret, step)), Buffer.from(code))).at(-1)

/** The otpauth:// URI that authenticator apps read from a QR code. */
export const totpUri = (secret: Secret, account: { tenant: string; userName: string }): string => {
  const label = encodeURIComponent(`Sallyport:${account.userName}@${account.tenant}`)
  const parameters = `secret=${base32(secret.bytes())}&issuer=Sallyport&algorithm=SHA1&digits=${digits}&period=30`
  return `otpauth://totp/${label}?${parameters}`
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 4648, section 6, without padding: the secret's 20 bytes need none. */
const base32 = (bytes: Buffer): string => {
  const bits = [...bytes].map(byte => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{5}/g) ?? []).map(group => alphabet.charAt(Number.parseInt(group, 2))).join('')
}
