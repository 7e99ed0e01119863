import { figure } from '@sallyport/testing/proof'
import { beforeAll, describe, expect, it } from 'vitest'
import { openDoor } from './support/door.ts'
import { buildGoPeer, goClient, goTarget } from './support/go-ssh-peer.ts'

const BUILD_MILLISECONDS = 180_000

describe('S-SSH-04: mlkem768x25519-sha256 with an implementation that is not ours', () => {
  let program: string | undefined
  beforeAll(async () => {
    program = await buildGoPeer()
  }, BUILD_MILLISECONDS)

  it('brings a Go client, which offers nothing else, through to a Go target, which takes nothing else', async ctx => {
    if (program === undefined) return ctx.skip('needs Go and its module golang.org/x/crypto')
    using target = await goTarget(program)
    await using door = await openDoor(target.facts)
    expect(await goClient(program, door.port, 'anything')).toBe('out')
    figure('S-SSH-04', 'Go x/crypto/ssh with mlkem768x25519-sha256 only: client and target connected')
  })
})
