import { figure } from '@sallyport/testing/proof'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Door, openDoor } from './support/door.ts'
import { CODE, fakeAuthentication, PASSWORD } from './support/fakes.ts'
import {
  ALICE,
  answerOf,
  answers,
  keyboard,
  keyOffer,
  keyProof,
  rawKey,
  request,
  signInByKeyboard,
} from './support/raw-login.ts'
import { connectRaw, type RawSsh } from './support/raw-ssh.ts'
import { type SmallTarget, smallTarget } from './support/small-target.ts'
import { message, string, uint32 } from './support/ssh-fields.ts'

const [A, B] = [rawKey(), rawKey()]
const OPEN = message(90, string('session'), uint32(0), uint32(2 ** 21), uint32(2 ** 15))
const [DISCONNECT, FAILURE, SUCCESS, PK_OK, QUESTION, OPENED] = [1, 51, 52, 60, 60, 91]
let cases = 0

describe('S-SSH-02: who has not proved a key and a code', () => {
  let target: SmallTarget
  let door: Door
  let raw: RawSsh
  beforeEach(async () => {
    cases += 1
    target = await smallTarget()
    door = await openDoor(target.facts, { authentication: fakeAuthentication({ knownKey: A.blob }) })
    raw = await connectRaw(door.port)
    await raw.exchangeKeys()
    await raw.startLogin()
  })
  afterEach(async () => {
    raw[Symbol.dispose]()
    await door[Symbol.asyncDispose]()
    await target[Symbol.asyncDispose]()
  })

  const answerTo = async (payload: Buffer): Promise<number | undefined> => {
    raw.send(payload)
    return (await answerOf(raw))?.[0]
  }
  const isOutside = async (): Promise<void> => {
    expect(await answerTo(OPEN)).toBe(DISCONNECT)
    expect(await raw.next()).toBeUndefined()
  }

  it('is let in by the right key and the right code, so that the refusals below mean something', async () => {
    expect(await answerTo(keyProof({ key: A, sessionId: raw.sessionId() }))).toBe(FAILURE)
    expect(await answerTo(keyboard(ALICE))).toBe(QUESTION)
    expect(await answerTo(answers(CODE))).toBe(SUCCESS)
    expect(await answerTo(OPEN)).toBe(OPENED)
  })

  it('is not let in by offering a registered key without a signature', async () => {
    expect(await answerTo(keyOffer(ALICE, A.blob))).toBe(PK_OK)
    expect(door.authentication.keysPassedOn).toHaveLength(0)
    await isOutside()
  })

  it('is taken for the owner of the key that signed, not of the one that was offered', async () => {
    expect(await answerTo(keyOffer(ALICE, A.blob))).toBe(PK_OK)
    expect(await answerTo(keyProof({ key: B, sessionId: raw.sessionId() }))).toBe(FAILURE)
    expect(door.authentication.keysPassedOn).toEqual([B.blob])
    expect(await answerTo(keyboard(ALICE))).toBe(QUESTION)
    expect(await answerTo(answers(CODE))).toBe(FAILURE)
    await isOutside()
  })

  it.each<[string, () => Buffer]>([
    ['by another key', () => keyProof({ key: B, claimed: A.blob, sessionId: raw.sessionId() })],
    ['over the id of another session', () => keyProof({ key: A, sessionId: Buffer.alloc(32, 7) })],
    ['over no session at all', () => keyProof({ key: A, sessionId: Buffer.alloc(0) })],
    ['over another name', () => keyProof({ key: A, sessionId: raw.sessionId(), signedUser: 'bob' })],
    ['cut short', () => keyProof({ key: A, sessionId: raw.sessionId() }).subarray(0, -1)],
    ['of no bytes', () => Buffer.concat([keyOffered(), string('')])],
  ])('is not let in by a signature %s', async (_what, claim) => {
    expect(await answerTo(claim())).toSatisfy(type => type === FAILURE || type === DISCONNECT)
    expect(door.authentication.keysPassedOn).toHaveLength(0)
  })
  const keyOffered = (): Buffer =>
    request(ALICE, 'publickey', Buffer.from([1]), string('ssh-ed25519'), string(A.blob))

  it.each(['ssh-ed25519-cert-v01@openssh.com', 'sk-ssh-ed25519@openssh.com', 'ssh-rsa', 'ssh-dss', ''])(
    'is not let in by calling the key %j',
    async algorithm => {
      const type = string(algorithm)
      expect(await answerTo(request(ALICE, 'publickey', Buffer.from([0]), type, string(A.blob)))).toSatisfy(
        answer => answer === FAILURE || answer === DISCONNECT,
      )
      expect(door.authentication.keysPassedOn).toHaveLength(0)
    },
  )

  it('cannot prove a key as one user and answer as another', async () => {
    expect(await answerTo(keyProof({ key: A, sessionId: raw.sessionId() }))).toBe(FAILURE)
    expect(await answerTo(keyboard('bob[root@web-1]'))).toBe(DISCONNECT)
  })

  it('cannot go on with a proved key after a wrong code', async () => {
    expect(await answerTo(keyProof({ key: A, sessionId: raw.sessionId() }))).toBe(FAILURE)
    expect(await answerTo(keyboard(ALICE))).toBe(QUESTION)
    expect(await answerTo(answers('000000'))).toBe(FAILURE)
    // Now it is the password that is asked for, and the right code does for nothing.
    expect(await answerTo(keyboard(ALICE))).toBe(QUESTION)
    expect(await answerTo(answers(CODE))).toBe(FAILURE)
    await isOutside()
  })

  it('does not get the code asked first: that comes after a first factor only', async () => {
    expect(await answerTo(keyboard(ALICE))).toBe(QUESTION)
    expect(await answerTo(answers(CODE))).toBe(FAILURE)
    expect(door.authentication.people).toHaveLength(1)
    await isOutside()
  })

  it.each<[string, () => Buffer]>([
    ['none', () => message(61, uint32(0))],
    ['two', () => answers(PASSWORD, PASSWORD)],
    ['four thousand million', () => message(61, uint32(2 ** 32 - 1))],
    ['fewer than it says', () => message(61, uint32(2), string(PASSWORD))],
    ['longer than the packet', () => message(61, uint32(1), uint32(2 ** 31), Buffer.from('x'))],
    ['without a count', () => message(61)],
    ['more than anybody types', () => answers('x'.repeat(30_000))],
  ])('is not let in by answers that are %s', async (_what, malformed) => {
    expect(await answerTo(keyboard(ALICE))).toBe(QUESTION)
    expect(await answerTo(malformed())).toSatisfy(type => type === FAILURE || type === DISCONNECT)
    expect(door.authentication.people).toHaveLength(0)
  })

  it('answers once what was asked once', async () => {
    expect(await answerTo(keyboard(ALICE))).toBe(QUESTION)
    raw.socket.cork()
    raw.send(answers(PASSWORD))
    raw.send(answers(CODE))
    raw.socket.uncork()
    expect((await answerOf(raw))?.[0]).toBe(DISCONNECT)
    expect(await raw.next()).toBeUndefined()
  })

  it('does not start over with another user once signed in', async () => {
    expect(await signInByKeyboard(raw)).toBe(SUCCESS)
    expect(await answerTo(keyboard('bob[root@web-1]'))).toBe(DISCONNECT)
    figure('S-SSH-02', `${cases} ways to prove nothing, 0 signed in`)
  })
})
