import ssh2 from 'ssh2'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { type Door, openDoor } from './door.ts'
import type { TargetFacts } from './fakes.ts'
import { missingSsh, missingSshd, type Sshd, startSshd } from './sshd.ts'

/** Why there cannot be a door with OpenSSH on both sides here, or undefined if there can. */
export const missing: string | undefined = missingSsh ?? missingSshd

export type DoorToSshd = {
  /** Opens a door for one test. */
  readonly open: (options?: Parameters<typeof openDoor>[1]) => Promise<Door>
  /** Changes what the vault says of the target, for the rest of the test. */
  readonly changeTarget: (changes: Partial<TargetFacts>) => void
}

/** A real sshd for the tests of the surrounding `describe`, behind a door that each test opens for itself. */
export const doorToSshd = (): DoorToSshd => {
  let sshd: Sshd
  let facts: () => TargetFacts
  let door: Door | undefined
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd.stop())
  beforeEach(() => {
    facts = sshd.facts
  })
  afterEach(async () => {
    await door?.[Symbol.asyncDispose]()
    door = undefined
  })
  return {
    open: async options => {
      door = await openDoor(() => facts(), options)
      return door
    },
    changeTarget: changes => {
      facts = () => ({ ...sshd.facts(), ...changes })
    },
  }
}

/** The public key in a key file's text, as SSH sends it. */
export const publicPart = (text: string): Buffer => {
  const key = ssh2.utils.parseKey(text)
  if (key instanceof Error) throw key
  return key.getPublicSSH()
}
