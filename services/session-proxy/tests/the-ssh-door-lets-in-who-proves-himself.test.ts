import ssh2 from 'ssh2'
import { SallyportError } from '@sallyport/errors/error'
import { newSshKey } from '@sallyport/targets/new-ssh-key'
import { describe, expect, it } from 'vitest'
import { doorToSshd, missing, publicPart } from './support/door-to-sshd.ts'
import { CODE, fakeAuthentication } from './support/fakes.ts'
import { ssh } from './support/ssh-client.ts'

describe.skipIf(missing !== undefined)(`the SSH door ${missing ?? ''}`, () => {
  const { open } = doorToSshd()

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

    it('says why a new password is refused', async () => {
      const firstStep = { kind: 'password-change', challenge: 'c0' } as const
      const authentication = {
        ...fakeAuthentication({ firstStep }),
        answerNewPassword: () =>
          Promise.reject(new SallyportError('password.refused', 'the password holds the user name')),
      }
      const { port } = await open({ authentication })
      const ran = await ssh({ port, command: 'id', args: ['-o', 'LogLevel=INFO'] })
      expect(ran.stderr).toContain('the password holds the user name. Sign in again')
      expect(ran.status).toBe(255)
    })

    it('shows who has no target how to name one', async () => {
      const { port } = await open()
      const ran = await ssh({ port, login: 'alice', args: ['-tt'] })
      expect(ran.stdout.toString()).toContain('you[account@device]')
      expect(ran.status).toBe(1)
    })
  })

  describe('with a public key', () => {
    const pair = newSshKey()
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
      const other = newSshKey().private
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
          const wrong = ssh2.utils.parseKey(newSshKey().private)
          if (wrong instanceof Error) throw wrong
          done(undefined, wrong.sign(data))
        },
      })
      expect(await connect(port, { agent })).toContain('authentication methods failed')
      expect(authentication.keysPassedOn).toEqual([])
    })
  })
})
