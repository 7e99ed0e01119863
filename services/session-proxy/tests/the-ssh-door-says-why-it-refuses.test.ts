import { eventually } from '@sallyport/testing/eventually'
import { newSshKey } from '@sallyport/targets/new-ssh-key'
import { describe, expect, it } from 'vitest'
import type { Door } from './support/door.ts'
import { doorToSshd, missing, publicPart } from './support/door-to-sshd.ts'
import { pendingRequest } from './support/fakes.ts'
import { ssh, startSsh } from './support/ssh-client.ts'

describe.skipIf(missing !== undefined)(`the SSH door ${missing ?? ''}`, () => {
  const { changeTarget, open } = doorToSshd()

  describe('at admission', () => {
    it('says why somebody is not let in', async () => {
      const opened = await open()
      opened.access.verdict = { outcome: 'denied' }
      const ran = await ssh({ port: opened.port, command: 'id' })
      expect(ran.stderr).toContain('You may not use root@web-1.')
      expect(ran.stderr).toContain('Group ops denies it')
      expect(ran.status).toBe(1)
      expect(opened.ledger.entries).toMatchObject([{ kind: 'refused', what: { reason: 'session.refused' } }])
    })

    it('tells a command how to give a reason, and takes it from the environment', async () => {
      const opened = await open()
      opened.access.verdict = { outcome: 'justification' }
      const without = await ssh({ port: opened.port, command: 'id' })
      expect(without.stderr).toContain('SALLYPORT_REASON')
      const ran = await ssh({
        port: opened.port,
        command: 'echo in',
        args: ['-o', 'SetEnv=SALLYPORT_REASON=INC-7'],
      })
      expect(ran.stdout.toString()).toBe('in\n')
      expect(opened.access.justifications).toEqual(['INC-7'])
    })

    it('asks for a reason at a terminal', async () => {
      const opened = await open()
      opened.access.verdict = { outcome: 'justification' }
      const running = startSsh({ port: opened.port, args: ['-tt'] })
      await eventually(() => running.shown().includes('Why do you need root@web-1?'))
      running.child.stdin.write('INC-8x\x7f\r')
      await eventually(() => opened.access.justifications.includes('INC-8'))
      await eventually(() => opened.sessions.size === 1)
      running.child.stdin.write('exit 3\r')
      expect((await running.ended).status).toBe(3)
    })

    it('lets in who waits, when the approval is given', async () => {
      const opened = await open()
      opened.access.verdict = { outcome: 'approval' }
      opened.access.requests.send(pendingRequest)
      const running = startSsh({
        port: opened.port,
        command: 'echo in',
        args: ['-o', 'SetEnv=SALLYPORT_REASON=INC-9'],
      })
      await eventually(() => running.shown().includes('It can be given by: carol'))
      opened.access.verdict = { outcome: 'allowed' }
      opened.access.requests.send({ ...pendingRequest, state: 'approved' })
      const ran = await running.ended
      expect(ran.stdout.toString()).toBe('in\n')
    })

    it('leaves the request pending at Ctrl-C', async () => {
      const opened = await open()
      opened.access.verdict = { outcome: 'approval', requestId: 'req-1', requestState: 'pending' }
      opened.access.requests.send(pendingRequest)
      const running = startSsh({ port: opened.port, args: ['-tt'] })
      await eventually(() => running.shown().includes('You may wait here'))
      running.child.stdin.write('\x03')
      opened.access.requests.fail(new Error('aborted'))
      await running.ended
      expect(opened.access.grants).toEqual([])
    })
  })

  describe('what it does not offer', () => {
    it('refuses SFTP with a reason', async () => {
      const { port, ledger } = await open()
      const ran = await ssh({ port, args: ['-s'], command: 'sftp' })
      expect(ran.stderr).toContain('SFTP is not offered here')
      expect(ran.status).toBe(1)
      expect(ledger.entries).toMatchObject([{ kind: 'featureRefused', what: { feature: 'subsystem sftp' } }])
    })

    it('refuses to forward ports, with a reason', async () => {
      const { port } = await open()
      const ran = await ssh({ port, args: ['-o', 'LogLevel=INFO', '-W', '127.0.0.1:22'] })
      expect(ran.stderr).toContain('Sallyport does not forward ports')
      expect(ran.status).not.toBe(0)
    })

    it('refuses remote forwarding', async () => {
      const { port } = await open()
      const ran = await ssh({
        port,
        args: ['-o', 'ExitOnForwardFailure=yes', '-R', '0:127.0.0.1:22'],
        command: 'id',
      })
      expect(ran.status).toBe(255)
    })

    it('refuses an agent and goes on without', async () => {
      const { port } = await open()
      const ran = await ssh({ port, args: ['-A'], command: 'echo "[$SSH_AUTH_SOCK]"' })
      expect(ran.stdout.toString()).toBe('[]\n')
    })
  })

  const kinds = ({ ledger }: Door): string[] => ledger.entries.map(entry => entry.kind)

  describe('when the target fails', () => {
    const outcome = async (): Promise<{ stderr: string; end: unknown }> => {
      const opened = await open()
      const ran = await ssh({ port: opened.port, command: 'id' })
      expect(ran.status).toBe(1)
      return { stderr: ran.stderr, end: opened.ledger.ends()[0] }
    }

    it('says that it refused the connection', async () => {
      changeTarget({ port: 1 })
      const { stderr, end } = await outcome()
      expect(stderr).toContain('The device refused the connection')
      expect(end).toMatchObject({ reason: 'target-failed', detail: 'The device refused the connection' })
    })

    it('says that it does not accept the credential', async () => {
      const wrong = newSshKey().private
      changeTarget({ secretBytes: () => Buffer.from(wrong) })
      expect((await outcome()).stderr).toContain('The device did not accept the credential')
    })

    it('refuses a target that does not prove a pinned key, and writes that down', async () => {
      const another = newSshKey().public
      changeTarget({ hostKeys: [publicPart(another)] })
      const opened = await open()
      const ran = await ssh({ port: opened.port, command: 'id' })
      expect(ran.stderr).toContain('did not prove one of its pinned host keys')
      expect(kinds(opened)).toContain('hostKeyMismatch')
    })

    it('refuses a target without pinned keys', async () => {
      changeTarget({ hostKeys: [] })
      expect((await outcome()).stderr).toContain('No host key is pinned')
    })
  })
})
