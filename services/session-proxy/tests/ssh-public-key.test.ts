import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Door, openDoor } from './support/door.ts'
import { fakeAuthentication } from './support/fakes.ts'
import { type SmallTarget, smallTarget } from './support/small-target.ts'
import { ssh } from './support/ssh-client.ts'
import { missingSsh } from './support/sshd.ts'

describe.skipIf(missingSsh !== undefined)(`a registered key ${missingSsh ?? ''}`, () => {
  let target: SmallTarget

  beforeAll(async () => {
    target = await smallTarget()
  })
  afterAll(() => target[Symbol.asyncDispose]())

  it.each([
    ['ed25519', []],
    ['ecdsa', ['-b', '256']],
    ['rsa', ['-b', '3072']],
  ])('of type %s and a code let the OpenSSH client in', async (type, size) => {
    const path = join(mkdtempSync(join(tmpdir(), 'sallyport-key-')), 'key')
    execFileSync('ssh-keygen', ['-q', '-t', type, ...size, '-N', '', '-f', path])
    const [, encoded = ''] = readFileSync(`${path}.pub`, 'utf8').split(' ')
    const knownKey = Buffer.from(encoded, 'base64')
    await using door: Door = await openDoor(target.facts, {
      authentication: fakeAuthentication({ knownKey }),
    })
    const ran = await ssh({ port: door.port, command: 'echo', args: ['-i', path], password: 'never asked' })
    expect(ran.stdout.toString()).toBe('out')
    expect(door.authentication.keysPassedOn).toHaveLength(1)
  })
})
