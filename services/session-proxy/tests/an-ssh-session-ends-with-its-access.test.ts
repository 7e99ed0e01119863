import { eventually } from '@sallyport/testing/eventually'
import { describe, expect, it } from 'vitest'
import type { Door } from './support/door.ts'
import { doorToSshd, missing } from './support/door-to-sshd.ts'
import { ssh, startSsh } from './support/ssh-client.ts'

describe.skipIf(missing !== undefined)(`the SSH door ${missing ?? ''}`, () => {
  const { open } = doorToSshd()

  describe('a live session', () => {
    const live = async (opened: Door) => {
      const running = startSsh({ port: opened.port, command: 'echo ready; sleep 100', args: [] })
      await eventually(() => running.shown().includes('ready'))
      return running
    }

    it('ends within two seconds when its grant is revoked, and says why', async () => {
      const opened = await open()
      const running = await live(opened)
      const revokedAt = Date.now()
      opened.revocations.revoke(opened.access.grants[0] ?? '', 'Request req-1 was revoked by carol.')
      const ran = await running.ended
      expect(Date.now() - revokedAt).toBeLessThan(2_000)
      expect(ran.stderr).toContain('Request req-1 was revoked by carol.')
      await eventually(() => opened.ledger.ends()[0]?.reason === 'revoked')
    })

    it('ends with its window', async () => {
      const opened = await open()
      opened.access.endsAt = new Date(Date.now() + 6_000)
      const ran = await (await live(opened)).ended
      expect(ran.stderr).toContain('This session ends in')
      expect(ran.stderr).toContain('The window of this access has ended.')
    })

    it('ends when nobody can confirm that its access still holds', async () => {
      const opened = await open()
      const running = await live(opened)
      opened.revocations.reachable = false
      opened.revocations.cut()
      expect((await running.ended).stderr).toContain('could not be confirmed')
    }, 30_000)

    it('outlives a lost stream as long as the grants can be asked for', async () => {
      const opened = await open()
      const running = await live(opened)
      opened.revocations.cut()
      await new Promise(resolve => setTimeout(resolve, 5_000))
      expect(running.child.exitCode).toBe(null)
      opened.revocations.bad.add(opened.access.grants[0] ?? '')
      expect((await running.ended).stderr).toContain('It was revoked.')
    }, 30_000)

    it('ends when it can no longer be recorded; and no other one starts', async () => {
      const opened = await open()
      const running = startSsh({ port: opened.port, command: 'while true; do echo tick; sleep 0.1; done' })
      await eventually(() => running.shown().includes('tick'))
      opened.recordings.failing = true
      expect((await running.ended).stderr).toContain('can no longer be recorded')
      const ran = await ssh({ port: opened.port, command: 'id' })
      expect(ran.stderr).toContain('cannot be recorded')
      expect(ran.stdout.byteLength).toBe(0)
    })

    it('does not start when it cannot be written down', async () => {
      const opened = await open()
      opened.ledger.broken = true
      const ran = await ssh({ port: opened.port, command: 'echo in' })
      expect(ran.status).toBe(1)
      expect(ran.stdout.byteLength).toBe(0)
      expect(opened.vault.released).toEqual([])
    })
  })
})
