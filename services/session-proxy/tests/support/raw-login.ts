import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { CODE, PASSWORD } from './fakes.ts'
import type { RawSsh } from './raw-ssh.ts'
import { message, readFields, string, uint32 } from './ssh-fields.ts'

export const ALICE = 'alice[root@web-1]'

export type RawKey = { readonly blob: Buffer; sign(data: Buffer): Buffer }

export const rawKey = (): RawKey => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return { blob: blobOf(publicKey), sign: data => sign(null, data, privateKey) }
}

const blobOf = (key: KeyObject): Buffer =>
  Buffer.concat([
    string('ssh-ed25519'),
    string(createPublicKey(key.export({ format: 'pem', type: 'spki' })).export({ format: 'raw-public' })),
  ])

const yes = Buffer.from([1])
const no = Buffer.from([0])

export const request = (user: string, method: string, ...fields: Buffer[]): Buffer =>
  message(50, string(user), string('ssh-connection'), string(method), ...fields)

export const keyOffer = (user: string, blob: Buffer): Buffer =>
  request(user, 'publickey', no, string('ssh-ed25519'), string(blob))

export type Claim = { user?: string; key: RawKey; claimed?: Buffer; sessionId: Buffer; signedUser?: string }

/** A request with a signature (RFC 4252, section 7), which may be over something else than what it says. */
export const keyProof = ({ user = ALICE, key, claimed = key.blob, sessionId, signedUser = user }: Claim) => {
  const fields = (name: string): Buffer =>
    request(name, 'publickey', yes, string('ssh-ed25519'), string(claimed))
  const signature = key.sign(Buffer.concat([string(sessionId), fields(signedUser)]))
  const sealed = Buffer.concat([string('ssh-ed25519'), string(signature)])
  return Buffer.concat([fields(user), string(sealed)])
}

export const keyboard = (user: string): Buffer =>
  request(user, 'keyboard-interactive', string(''), string(''))

export const answers = (...given: string[]): Buffer => message(61, uint32(given.length), ...given.map(string))

/** Skips EXT_INFO and banners. */
export const answerOf = async (raw: RawSsh): Promise<Buffer | undefined> => {
  for (;;) {
    const got = await raw.next()
    if (got === undefined || ![2, 4, 7, 53].includes(got[0] ?? 0)) return got
  }
}

/** Answers password and code until there is a verdict: 52 is success. */
export const signInByKeyboard = async (raw: RawSsh, user: string = ALICE): Promise<number | undefined> => {
  raw.send(keyboard(user))
  for (;;) {
    const got = await answerOf(raw)
    if (got?.[0] !== 60) return got?.[0]
    const question = readFields(got)
    for (let skipped = 0; skipped < 3; skipped += 1) question.string()
    // The door asks one thing at a time here.
    const isPassword = question.uint32() === 1 && question.string().includes('assword')
    raw.send(answers(isPassword ? PASSWORD : CODE))
  }
}
