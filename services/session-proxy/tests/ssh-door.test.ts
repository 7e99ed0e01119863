import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest'
import { eventually } from '@sallyport/testing/eventually'
import ssh2 from 'ssh2'
import { type Door, openDoor } from './support/door.ts'
import { CODE, fakeAuthentication, pendingRequest, type TargetFacts } from './support/fakes.ts'
import { ssh, startSsh } from './support/ssh-client.ts'
import { missingSsh, missingSshd, type Sshd, startSshd } from './support/sshd.ts'

const missing = missingSsh ?? missingSshd

describe.skipIf(missing !== undefined)(`the SSH door ${missing ?? ''}`, () => {
  let sshd: Sshd
  let facts: () => TargetFacts
  let door: Door | undefined

  const open = async (options: Parameters<typeof openDoor>[1] = {}): Promise<Door> => {
    door = await openDoor(() => facts(), options)
    return door
  }
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd.stop())
  afterEach(async () => {
    facts = sshd.facts
    await door?.[Symbol.asyncDispose]()
    door = undefined
  })
  beforeAll(() => {
    facts = sshd.facts
  })

  const kinds = ({ ledger }: Door): string[] => ledger.entries.map(entry => entry.kind)

  describe('at sign-in', () => {
    it('refuses a wrong password, and opens nothing', async () => {
      const { port, ledger } = await open()
      const ran = await ssh({ port, password: 'wrong', command: 'id' })
      expect(ran.status).toBe(255)
      expect(ran.stderr).toContain('Permission denied')
      expect(ledger.entries).toEqual([])
    })

    it('refuses a wrong code', async () => {
      const { port } = await open()
      expect((await ssh({ port, code: '000000', command: 'id' })).status).toBe(255)
    })

    it('takes a code that was appended to the login name', async () => {
      const { port } = await open()
      const ran = await ssh({
        port,
        login: `alice[root@web-1]${CODE}`,
        code: 'never asked',
        command: 'echo in',
      })
      expect(ran.stdout.toString()).toBe('in\n')
    })

    it('passes the tenant on', async () => {
      const { port, authentication } = await open()
      await ssh({ port, login: 'acme/alice[root@web-1]', command: 'true' })
      expect(authentication.people[0]).toMatchObject({
        tenant: 'acme',
        user: 'alice',
        sourceAddress: '127.0.0.1',
      })
    })

    it('explains a login name that it does not understand', async () => {
      const { port } = await open()
      const ran = await ssh({ port, login: 'alice[root]', command: 'id', args: ['-o', 'LogLevel=INFO'] })
      expect(ran.status).toBe(255)
    })

    it('leads through a new password and the enrolment of a second factor', async () => {
      const firstStep = { kind: 'password-change', challenge: 'c0' } as const
      const { port, authentication } = await open({ authentication: fakeAuthentication({ firstStep }) })
      const ran = await ssh({ port, command: 'echo in' })
      expect(ran.stdout.toString()).toBe('in\n')
      expect(authentication.newPasswords).toHaveLength(1)
    })

    it('shows who has no target how to name one', async () => {
      const { port } = await open()
      const ran = await ssh({ port, login: 'alice', args: ['-tt'] })
      expect(ran.stdout.toString()).toContain('you[account@device]')
      expect(ran.status).toBe(1)
    })
  })

  describe('with a public key', () => {
    const pair = ssh2.utils.generateKeyPairSync('ed25519')
    const knownKey = publicPart(pair.public)
    const connect = (port: number, config: ssh2.ConnectConfig): Promise<string> =>
      new Promise(resolve => {
        const client = new ssh2.Client()
        client.on('ready', () => resolve('in')).on('error', error => resolve(error.message))
        client.on('keyboard-interactive', (_n, _i, _l, prompts, finish) =>
          finish(prompts.map(({ prompt }) => (prompt.includes('assword') ? 'nothing' : CODE))),
        )
        client.connect({ host: '127.0.0.1', port, username: 'alice', tryKeyboard: true, ...config })
      })

    it('lets in whoever proves the registered key, and knows the code', async () => {
      const { port } = await open({ authentication: fakeAuthentication({ knownKey }) })
      expect(await connect(port, { privateKey: pair.private })).toBe('in')
    })

    it('does not let in with the code alone, or with another key', async () => {
      const { port } = await open({ authentication: fakeAuthentication({ knownKey }) })
      const other = ssh2.utils.generateKeyPairSync('ed25519').private
      expect(await connect(port, { privateKey: other })).toContain('authentication methods failed')
    })

    it('never asks access-control about a key that was offered and not proved', async () => {
      const { port, authentication } = await open({ authentication: fakeAuthentication({ knownKey }) })
      const offered = ssh2.utils.parseKey(pair.public)
      if (offered instanceof Error) throw offered
      const agent = Object.assign(Object.create(ssh2.BaseAgent.prototype) as ssh2.BaseAgent, {
        getIdentities: (done: (error: Error | undefined, keys: unknown[]) => void) =>
          done(undefined, [offered]),
        // The right key is offered, and another one signs.
        sign: (
          _key: unknown,
          data: Buffer,
          _options: unknown,
          done: (error?: Error, signature?: Buffer) => void,
        ) => {
          const wrong = ssh2.utils.parseKey(ssh2.utils.generateKeyPairSync('ed25519').private)
          if (wrong instanceof Error) throw wrong
          done(undefined, wrong.sign(data))
        },
      })
      expect(await connect(port, { agent })).toContain('authentication methods failed')
      expect(authentication.keysPassedOn).toEqual([])
    })
  })

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

  describe('when the target fails', () => {
    const outcome = async (): Promise<{ stderr: string; end: unknown }> => {
      const opened = await open()
      const ran = await ssh({ port: opened.port, command: 'id' })
      expect(ran.status).toBe(1)
      return { stderr: ran.stderr, end: opened.ledger.ends()[0] }
    }

    it('says that it refused the connection', async () => {
      facts = () => ({ ...sshd.facts(), port: 1 })
      const { stderr, end } = await outcome()
      expect(stderr).toContain('The device refused the connection')
      expect(end).toMatchObject({ reason: 'target-failed', detail: 'The device refused the connection' })
    })

    it.each(['127.0.0.1', '169.254.169.254', '::ffff:169.254.169.254'])(
      'never connects to %s',
      async address => {
        facts = () => ({ ...sshd.facts(), address })
        const { port } = await open({ targetsOnLoopback: false })
        expect((await ssh({ port, command: 'id' })).stderr).toContain('must not be connected to')
      },
    )

    it('says that it does not accept the credential', async () => {
      const wrong = ssh2.utils.generateKeyPairSync('ed25519').private
      facts = () => ({ ...sshd.facts(), secretBytes: () => Buffer.from(wrong) })
      expect((await outcome()).stderr).toContain('The device did not accept the credential')
    })

    it('refuses a target that does not prove a pinned key, and writes that down', async () => {
      const another = ssh2.utils.generateKeyPairSync('ed25519').public
      facts = () => ({ ...sshd.facts(), hostKeys: [publicPart(another)] })
      const opened = await open()
      const ran = await ssh({ port: opened.port, command: 'id' })
      expect(ran.stderr).toContain('did not prove one of its pinned host keys')
      expect(kinds(opened)).toContain('hostKeyMismatch')
    })

    it('refuses a target without pinned keys', async () => {
      facts = () => ({ ...sshd.facts(), hostKeys: [] })
      expect((await outcome()).stderr).toContain('No host key is pinned')
    })
  })

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
      opened.access.endsAt = new Date(Date.now() + 3_000)
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

function publicPart(text: string): Buffer {
  const key = ssh2.utils.parseKey(text)
  if (key instanceof Error) throw key
  return key.getPublicSSH()
}
